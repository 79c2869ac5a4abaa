import { describe, expect, it } from 'vitest';
import { listDocument } from '../../../src/cli/commands/list-document.ts';
import { listedFromKernel, listedFromProc } from '../../../src/cli/commands/list-table.ts';
import { type ListTextOptions, listText } from '../../../src/cli/commands/list-text.ts';
import { jsonLine } from '../../../src/cli/output/document.ts';
import { humanCount, humanRate } from '../../../src/cli/output/human-number.ts';
import { Screen } from '../../../src/cli/output/screen.ts';
import { styleFor } from '../../../src/cli/output/style.ts';
import type { ServiceState } from '../../../src/index.ts';
import { parseProcTable } from '../../../src/ipvs/proc-table.ts';
import { tableRates } from '../../../src/ipvs/rates.ts';
import { indexTable } from '../../../src/ipvs/table-diff.ts';
import { lvskit } from '../../support/command.ts';
import { counted, destinationState, serviceState } from '../../support/table-states.ts';

const plain = styleFor({}, {});
const colourful = styleFor({ isTTY: true }, {});
const introducer = '\x1b[';
/** The number of the escape sequence that a line begins with. */
const colour = (line: string) =>
  line.startsWith(introducer) ? line.slice(introducer.length, line.indexOf('m')) : undefined;
const at = new Date('2026-11-22T10:20:30Z');
const options: ListTextOptions = { statistics: false, rates: false, exact: false };

function table(connections = 0n): readonly ServiceState[] {
  return [
    serviceState(9, { key: { firewallMark: 7, family: 'ipv6' }, scheduler: 'rr' }),
    serviceState(2, {
      scheduler: 'sh',
      schedulerFlags: ['sh-port'],
      persistence: { timeoutSeconds: 300, netmask: 24 },
      statistics: counted(connections, 20n, 0n, 123_456_789n, 0n),
      destinations: [
        destinationState(12, { weight: 0, activeConnections: 2, inactiveConnections: 1 }),
        destinationState(11, {
          upperThreshold: 5,
          lowerThreshold: 4,
          activeConnections: 5,
          persistentConnections: 3,
          statistics: counted(connections, 2n ** 40n, 0n, 0n, 2n ** 64n - 1n),
        }),
        destinationState(13, { weight: 0 }),
        destinationState(14, {
          forwarding: 'tun',
          tunnel: { type: 'gue', port: 6080, checksum: 'remote' },
          inactiveConnections: 10,
        }),
      ],
    }),
    serviceState(1, { destinations: [destinationState(13, { weight: 0 })] }),
  ];
}

const listed = listedFromKernel(at, table(), undefined);

describe('the table as lvskit list shows it', () => {
  it('is in order, aligned, and says what there is to know', () => {
    expect(listText(listed, options, plain)).toEqual([
      'service           method  weight  active  inactive  notes',
      'tcp 192.0.2.1:80  wlc                  0         0  no destination takes connections',
      '  10.0.0.13:80    dr           0       0         0  drained',
      'tcp 192.0.2.2:80  sh                   7        11  persistent 5m by /24, sh-port',
      '  10.0.0.11:80    dr           1       5         0  overloaded, at most 5, again below 4, 3 persistent',
      '  10.0.0.12:80    dr           0       2         1  draining',
      '  10.0.0.13:80    dr           0       0         0  drained',
      '  10.0.0.14:80    tun          1       0        10  gue port 6080, remote checksum',
      'fwmark 7 ipv6     rr                   0         0  no destination',
    ]);
  });

  it('is coloured by state on a terminal', () => {
    const lines = listText(listed, options, colourful);
    const colourOf = (start: string) => lines.filter((line) => line.includes(start)).map(colour);
    expect(colourOf('192.0.2.1:80')).toEqual(['31']);
    expect(colourOf('192.0.2.2:80')).toEqual(['1']);
    expect(colourOf('fwmark 7')).toEqual(['31']);
    expect(colourOf('10.0.0.11')).toEqual(['31']);
    expect(colourOf('10.0.0.12')).toEqual(['33']);
    expect(colourOf('10.0.0.13')).toEqual(['2', '2']);
    expect(colourOf('10.0.0.14')).toEqual([undefined]);
  });

  it('has counters, rounded unless told otherwise, and rates between two samples', () => {
    const counters = listText(listed, { ...options, statistics: true }, plain);
    expect(counters[0]).toContain('  connections  packets in  packets out  bytes in  bytes out  ');
    expect(counters[3]).toMatch(/ 0 +20 +0 +123M +0 +persistent/);
    expect(counters[4]).toMatch(/ 0 +1\.10T +0 +0 +18\.4E +overloaded/);
    expect(counters[5]).toMatch(/ 2 +1 +- +- +- +- +- +draining/);
    const exact = listText(listed, { ...options, statistics: true, exact: true }, plain);
    expect(exact[4]).toMatch(/ 0 +1099511627776 +0 +0 +18446744073709551615 +overloaded/);

    const services = table(9n);
    const rates = tableRates(indexTable(table()), indexTable(services), 2);
    const moving = listedFromKernel(at, services, rates);
    expect(listText(moving, { ...options, rates: true }, plain)[3]).toMatch(/ 4\.5 +0 +0 +0 +0 /);
    expect(listText(moving, { ...options, rates: true, exact: true }, plain)[3]).toMatch(
      / 4\.500 +0\.000 +0\.000 +0\.000 +0\.000 /,
    );
    expect(listText(moving, { ...options, rates: true }, plain)[5]).toMatch(/ - +- +- +- +- /);
  });

  it('says that there is nothing', () => {
    expect(listText(listedFromKernel(at, [], undefined), options, plain)).toEqual(['no services']);
  });

  it('shows from /proc what that has, with the counters of all', () => {
    const services = parseProcTable(`IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0000201:0050 rr  persistent 30000 FFFFFFFF
  -> 0A00000B:1F90      Masq    1      4          2
`);
    const all = listedFromProc(at, services, counted(1n, 2n, 3n, 4n, 5n));
    expect(listText(all, { ...options, statistics: true, rates: true }, plain)).toEqual([
      'service           method  weight  active  inactive  notes',
      'tcp 192.0.2.1:80  rr                   4         2  persistent',
      '  10.0.0.11:8080  nat          1       4         2',
      '',
      'in all: connections 1, packets in 2, packets out 3, bytes in 4, bytes out 5',
    ]);
    expect(listDocument(all, true)).toMatchObject({
      version: 1,
      source: 'proc',
      services: [{ service: 'tcp 192.0.2.1:80', persistence: {} }],
    });
    expect(JSON.parse(jsonLine(listDocument(all, true))).totals).toMatchObject({ bytesOut: '5' });
  });
});

describe('the document of lvskit list', () => {
  it('has keys as text and in parts, settings, conditions, and counters as text', () => {
    const document = JSON.parse(jsonLine(listDocument(listed, false)));
    expect(document).toMatchObject({
      version: 1,
      at: '2026-11-22T10:20:30.000Z',
      source: 'kernel',
    });
    expect(document.services).toHaveLength(3);
    expect(document.services[1]).toMatchObject({
      service: 'tcp 192.0.2.2:80',
      key: { protocol: 'tcp', address: '192.0.2.2', port: 80 },
      condition: 'up',
      scheduler: 'sh',
      schedulerFlags: ['sh-port'],
      persistence: { timeoutSeconds: 300, netmask: 24 },
      onePacket: false,
      statistics: { connections: '0', bytesIn: '123456789' },
    });
    expect(document.services[1].destinations[0]).toMatchObject({
      destination: '10.0.0.11:80',
      key: { address: '10.0.0.11', port: 80 },
      condition: 'overloaded',
      forwarding: 'dr',
      weight: 1,
      upperThreshold: 5,
      lowerThreshold: 4,
      activeConnections: 5,
      statistics: { bytesOut: '18446744073709551615' },
    });
    expect('rates' in document.services[1]).toBe(false);
    expect(document.services[2]).toMatchObject({
      service: 'fwmark 7 ipv6',
      condition: 'empty',
      destinations: [],
    });
  });

  it('has rates when they were asked for, null where there are none yet', () => {
    const services = table(9n);
    const rates = tableRates(indexTable(table()), indexTable(services), 2);
    const document = JSON.parse(
      jsonLine(listDocument(listedFromKernel(at, services, rates), true)),
    );
    expect(document.services[1].rates).toMatchObject({ connectionsPerSecond: 4.5 });
    expect(document.services[1].destinations[1].rates).toBeNull();
  });
});

describe('counts for people', () => {
  it.each([
    [0n, '0'],
    [9999n, '9999'],
    [10_000n, '10.0k'],
    [999_499n, '999k'],
    [999_500n, '1.00M'],
    [123_456_789n, '123M'],
    [2n ** 64n - 1n, '18.4E'],
  ])('%d is %s', (count, text) => {
    expect(humanCount(count)).toBe(text);
  });

  it.each([
    [0, '0'],
    [0.25, '0.3'],
    [9.96, '10'],
    [1234.5, '1235'],
    [1e7, '10.0M'],
  ])('%d by the second is %s', (rate, text) => {
    expect(humanRate(rate)).toBe(text);
  });
});

describe('a screen', () => {
  const written = () => {
    const texts: string[] = [];
    return { texts, write: (text: string) => texts.push(text) };
  };

  it('shows one text below the other where it is no terminal', () => {
    const output = written();
    const screen = new Screen(output);
    screen.show(['a', 'b']);
    screen.show(['c']);
    screen.leave();
    expect(output.texts.join('')).toBe('a\nb\n\nc\n');
  });

  it('shows as much as a terminal has room for, in place, and gives it back', () => {
    const output = written();
    const screen = new Screen({ ...output, isTTY: true, rows: 4 });
    screen.show(['a', 'b', 'c']);
    screen.show(['d', 'e', 'f', 'g']);
    screen.leave();
    const [first = '', second = '', last = ''] = output.texts;
    expect(first.endsWith('\x1b[2J\x1b[Ha\x1b[K\nb\x1b[K\nc\x1b[K\n\x1b[J')).toBe(true);
    expect(second).toBe('\x1b[Hd\x1b[K\ne\x1b[K\n(2 more lines)\x1b[K\n\x1b[J');
    expect(last).toBe('\x1b[?7h\x1b[?25h');
  });
});

describe('lvskit list and its words', () => {
  it.each([
    [['--service', 'tcp', '192.0.2.1'], 'service "tcp 192.0.2.1" must read like'],
    [['--watch', 'soon'], 'It must be a duration from 100ms to 1d'],
    [['--watch', '10ms'], 'It must be a duration from 100ms to 1d'],
    [['-o', 'xml'], 'Allowed choices are text, json, yaml.'],
    [['all'], "too many arguments for 'list'"],
  ])('refuses %j with exit status 2', async (words, message) => {
    const { code, stdout, stderr } = await lvskit(['list', ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: lvskit list');
  });

  it('has its exit codes in its help', async () => {
    const { code, stdout } = await lvskit(['list', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--watch [interval]');
    expect(stdout).toContain('0 done, also when --watch is ended by Ctrl-C');
  });
});
