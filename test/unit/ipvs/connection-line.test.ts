import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/index.ts';
import { ConnectionLineReader } from '../../../src/ipvs/connection-line.ts';

const header = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n';
const syncHeader = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n';

function read(text: string, origin = false): Connection[] {
  const reader = new ConnectionLineReader(origin);
  const connections = reader.read(Buffer.from(text, 'latin1'));
  reader.finish();
  return connections;
}

function readLine(line: string): Connection {
  const [connection] = read(`${header}${line}\n`);
  if (connection === undefined) throw new Error('no connection');
  return connection;
}

/** What a kernel printed, of each kind of entry. */
const printed = `${header}\
TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     899
TCP 0A090001 0000 0A090001 01BB 0A090002 1F90 ASSURED          59
IP  0A090001 0000 00000007 0000 0A090002 0000 NONE             59
UDP 0A090001 0000 0A090001 13C4 0A090002 13C4 NONE             59 sip abc123@10.3.0.2
TCP 0A090001 9EA4 0A090001 0051 fd00:0009:0000:0000:0000:0000:0000:0002 0051 CLOSE             9
TCP fd00:0009:0000:0000:0000:0000:0000:0001 CFD4 fd00:0009:0000:0000:0000:0000:0000:0001 0050 fd00:0009:0000:0000:0000:0000:0000:0002 1F90 ESTABLISHED     899
IP  fd00:0009:0000:0000:0000:0000:0000:0001 0000 1234:5678:0000:0000:0000:0000:0000:0000 0000 fd00:0009:0000:0000:0000:0000:0000:0002 0000 NONE             59
`;

const meant: readonly Connection[] = [
  {
    protocol: 'tcp',
    client: { address: '10.9.0.1', port: 35434 },
    virtual: { address: '10.9.0.1', port: 80 },
    firewallMark: undefined,
    destination: { address: '10.9.0.2', port: 8080 },
    state: 'ESTABLISHED',
    expiresSeconds: 899,
    template: false,
    persistenceEngine: undefined,
    origin: undefined,
  },
  {
    protocol: 'tcp',
    client: { address: '10.9.0.1', port: 0 },
    virtual: { address: '10.9.0.1', port: 443 },
    firewallMark: undefined,
    destination: { address: '10.9.0.2', port: 8080 },
    state: 'ASSURED',
    expiresSeconds: 59,
    template: true,
    persistenceEngine: undefined,
    origin: undefined,
  },
  {
    protocol: 'ip',
    client: { address: '10.9.0.1', port: 0 },
    virtual: undefined,
    firewallMark: 7,
    destination: { address: '10.9.0.2', port: 0 },
    state: 'NONE',
    expiresSeconds: 59,
    template: true,
    persistenceEngine: undefined,
    origin: undefined,
  },
  {
    protocol: 'udp',
    client: { address: '10.9.0.1', port: 0 },
    virtual: { address: '10.9.0.1', port: 5060 },
    firewallMark: undefined,
    destination: { address: '10.9.0.2', port: 5060 },
    state: 'NONE',
    expiresSeconds: 59,
    template: true,
    persistenceEngine: { name: 'sip', data: 'abc123@10.3.0.2' },
    origin: undefined,
  },
  {
    protocol: 'tcp',
    client: { address: '10.9.0.1', port: 40612 },
    virtual: { address: '10.9.0.1', port: 81 },
    firewallMark: undefined,
    destination: { address: 'fd00:9::2', port: 81 },
    state: 'CLOSE',
    expiresSeconds: 9,
    template: false,
    persistenceEngine: undefined,
    origin: undefined,
  },
  {
    protocol: 'tcp',
    client: { address: 'fd00:9::1', port: 53204 },
    virtual: { address: 'fd00:9::1', port: 80 },
    firewallMark: undefined,
    destination: { address: 'fd00:9::2', port: 8080 },
    state: 'ESTABLISHED',
    expiresSeconds: 899,
    template: false,
    persistenceEngine: undefined,
    origin: undefined,
  },
  {
    protocol: 'ip',
    client: { address: 'fd00:9::1', port: 0 },
    virtual: undefined,
    firewallMark: 0x12345678,
    destination: { address: 'fd00:9::2', port: 0 },
    state: 'NONE',
    expiresSeconds: 59,
    template: true,
    persistenceEngine: undefined,
    origin: undefined,
  },
];

describe('the lines of the connection table', () => {
  it('mean connections, templates, marks, engines and both families', () => {
    expect(read(printed)).toEqual(meant);
  });

  it('are none in an empty table', () => {
    expect(read(header)).toEqual([]);
  });

  it('say in the other file where an entry came from', () => {
    const lines =
      'TCP 0A030002 E252 0A630001 0050 0A020002 1F90 ESTABLISHED LOCAL      894\n' +
      'TCP 0A030002 0000 0A630002 0050 0A020002 1F90 ASSURED     SYNC       294\n';
    const found = read(syncHeader + lines, true);
    expect(
      found.map(({ origin, state, expiresSeconds, template }) => [
        origin,
        state,
        expiresSeconds,
        template,
      ]),
    ).toEqual([
      ['local', 'ESTABLISHED', 894, false],
      ['sync', 'ASSURED', 294, true],
    ]);
  });

  it('name protocols by number where the kernel has no name for them', () => {
    const rest = '0A030002 E252 0A630001 0050 0A020002 1F90 NONE            894';
    expect(readLine(`IP_47 ${rest}`).protocol).toBe('ip-47');
    expect(readLine(`SCTP ${rest}`).protocol).toBe('sctp');
    expect(readLine(`ICMPv6 ${rest}`).protocol).toBe('icmpv6');
  });

  it('grow out of their columns with long states and late expiry', () => {
    const connection = readLine(
      'SCTP 0A030002 E252 0A630001 0050 0A020002 1F90 SHUTDOWN_ACK_SENT 4294967295',
    );
    expect(connection.state).toBe('SHUTDOWN_ACK_SENT');
    expect(connection.expiresSeconds).toBe(4_294_967_295);
  });

  it('do not make a template of a connection whose client port is not yet known', () => {
    const line = 'TCP 0A030002 0000 0A630001 1F90 0A020002 1F90 LISTEN          114';
    expect(readLine(line).template).toBe(false);
  });

  it('keep the data of an engine as it came, blanks and all', () => {
    const line = 'UDP 0A090001 0000 0A090001 13C4 0A090002 13C4 NONE             59 sip  a b\xe9 ';
    expect(readLine(line).persistenceEngine).toEqual({ name: 'sip', data: ' a b\xe9 ' });
  });

  it('may be cut anywhere by the end of a piece', () => {
    const bytes = Buffer.from(printed);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const reader = new ConnectionLineReader(false);
        const buffer = Buffer.alloc(bytes.length);
        const found: Connection[] = [];
        const borders = [...cuts, bytes.length].sort((one, other) => one - other);
        let from = 0;
        for (const to of borders) {
          // One buffer for all pieces, as a reader of files has it.
          const size = bytes.copy(buffer, 0, from, to);
          found.push(...reader.read(buffer.subarray(0, size)));
          buffer.fill(0x21);
          from = to;
        }
        reader.finish();
        expect(found).toEqual(meant);
      }),
    );
  });

  it('read back any addresses, ports and times', () => {
    const byte = fc.nat(255);
    const ipv4 = fc.tuple(byte, byte, byte, byte);
    const port = fc.nat(65535);
    const hex = (value: number, digits: number) =>
      value.toString(16).toUpperCase().padStart(digits, '0');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(ipv4, port, ipv4, port, fc.nat(0xffffffff)), { maxLength: 50 }),
        (entries) => {
          const address = (bytes: readonly number[]) => bytes.map((b) => hex(b, 2)).join('');
          const lines = entries.map(
            ([client, clientPort, server, serverPort, expires]) =>
              `TCP ${address(client)} ${hex(clientPort, 4)} 0A630001 0050 ` +
              `${address(server)} ${hex(serverPort, 4)} ESTABLISHED ${expires}\n`,
          );
          const found = read(header + lines.join(''));
          expect(
            found.map((one) => [one.client, one.destination, one.expiresSeconds] as const),
          ).toEqual(
            entries.map(([client, clientPort, server, serverPort, expires]) => [
              { address: client.join('.'), port: clientPort },
              { address: server.join('.'), port: serverPort },
              expires,
            ]),
          );
        },
      ),
    );
  });
});

describe('a line that no kernel prints', () => {
  const good = 'TCP 0A030002 E252 0A630001 0050 0A020002 1F90 ESTABLISHED     894';

  it.each([
    ['', 'nothing'],
    ['TCP', 'no fields'],
    [good.replace('TCP', 'XYZ'), 'a protocol unheard of'],
    [good.replace('0A030002', '0A03000'), 'an address too short'],
    [good.replace('0A030002', '0A03000G'), 'an address that is not hexadecimal'],
    [good.replace('0A630001', 'fd00:0099:0000:0000:0000:0000:0000-0001'), 'a dash for a colon'],
    [good.replace('0A630001', 'fd00:0099:0000:0000:0000:0000:0000:001'), 'a group too short'],
    [good.replace('E252', '1E252'), 'a port too long'],
    [good.replace('894', '-1'), 'a negative time'],
    [good.replace('     894', ''), 'no time'],
    [`${good} sip`, 'an engine without data'],
    [good.replace('TCP', 'IP').replace('0A630001', '123456789'), 'a mark too long'],
  ])('is named in the error: %j (%s)', (line) => {
    expect(() => read(`${header}${line}\n`)).toThrow(
      `cannot make sense of the line ${JSON.stringify(line)}`,
    );
  });

  it('may be the headings, of another file', () => {
    expect(() => read('IP Virtual Server version 1.2.1 (size=4096)\n')).toThrow(
      'cannot make sense of the line "IP Virtual Server version 1.2.1 (size=4096)"',
    );
  });

  it('may be the last, which lacks its end', () => {
    expect(() => read(`${header}${good}\n${good.slice(0, 30)}`)).toThrow(
      `cannot make sense of the line ${JSON.stringify(good.slice(0, 30))}`,
    );
  });

  it('may lack an origin where there has to be one', () => {
    expect(() => read(`${syncHeader}${good}\n`, true)).toThrow('cannot make sense of the line');
  });

  it('may have no end at all, and is not waited for until memory runs out', () => {
    const reader = new ConnectionLineReader(false);
    reader.read(Buffer.from(header));
    const endless = Buffer.alloc(3000, 'x');
    reader.read(endless);
    expect(() => reader.read(endless)).toThrow('cannot make sense of the line "xxx');
  });
});

describe('a table of a million connections', () => {
  it('is read in constant memory', () => {
    const reader = new ConnectionLineReader(false);
    reader.read(Buffer.from(header));
    const before = process.memoryUsage();
    let most = 0;
    let count = 0;
    for (let client = 0; count < 1_000_000; ) {
      let piece = '';
      for (let line = 0; line < 800; line++, client++) {
        const address = (0x0a000000 + client).toString(16).toUpperCase().padStart(8, '0');
        piece += `TCP ${address} 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     899\n`;
      }
      count += reader.read(Buffer.from(piece)).length;
      most = Math.max(most, process.memoryUsage().rss);
    }
    expect(count).toBe(1_000_000);
    expect(most - before.rss).toBeLessThan(64 * 1024 * 1024);
  });
});
