import { describe, expect, it } from 'vitest';
import { rowMaker } from '../../../../src/formats/ipvsadm/connection-rows.ts';
import {
  type ConnectionListingEnd,
  type ConnectionListingOptions,
  listConnections,
  type ReadBlock,
} from '../../../../src/formats/ipvsadm/connections.ts';
import type { AddressNames } from '../../../../src/formats/ipvsadm/names.ts';

const header = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n';

/** What a kernel printed, of each kind of row. */
const printed = `${header}\
TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     899
TCP 0A090001 0000 0A090001 01BB 0A090002 1F90 ASSURED          59
IP  0A090001 0000 00000007 0000 0A090002 0000 NONE             59
SCTP FFFFFFFF FFFF 00000000 0001 C0A86464 0009 ESTABLISHED   86399
UDP 0A090001 0000 0A090001 13C4 0A090002 13C4 NONE             59 sip abc123@10.3.0.2
TCP 0A090001 9EA4 0A090001 0051 fd00:0009:0000:0000:0000:0000:0000:0002 0051 CLOSE             9
TCP fd00:0009:0000:0000:0000:0000:0000:0001 CFD4 fd00:0009:0000:0000:0000:0000:0000:0001 0050 fd00:0009:0000:0000:0000:0000:0000:0002 1F90 ESTABLISHED     899
IP  fd00:0009:0000:0000:0000:0000:0000:0001 0000 1234:5678:0000:0000:0000:0000:0000:0000 0000 fd00:0009:0000:0000:0000:0000:0000:0002 0000 NONE             59
`;

/** What ipvsadm 1.31 made of it. */
const listed = `IPVS connection entries
pro expire state       source             virtual            destination
TCP 14:59  ESTABLISHED 10.9.0.1:35434     10.9.0.1:80        10.9.0.2:8080
TCP 00:59  ASSURED     10.9.0.1:0         10.9.0.1:443       10.9.0.2:8080
IP  00:59  NONE        10.9.0.1:0         0.0.0.7:0          10.9.0.2:0
SCTP 1439:59 ESTABLISHED 255.255.255.255:65535 0.0.0.0:1          192.168.100.100:9
UDP 00:59  NONE        10.9.0.1:0         10.9.0.1:5060      10.9.0.2:5060
TCP 00:09  CLOSE       10.9.0.1:40612     10.9.0.1:81        [fd00:9::2]:81
TCP 14:59  ESTABLISHED [fd00:9::1]:53204  [fd00:9::1]:80     [fd00:9::2]:8080
IP  00:59  NONE        [fd00:9::1]:0      [1234:5678::]:0    [fd00:9::2]:0
`;

interface Listing {
  readonly text: string;
  readonly end: ConnectionListingEnd;
}

/** Reads a text in pieces of at most `size` bytes. */
function inPieces(text: string, size: number): ReadBlock {
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  return async (buffer) => {
    const count = bytes.copy(buffer, 0, at, at + size);
    at += count;
    return count;
  };
}

/** Lists a text that is read in pieces of at most `size` bytes. */
async function list(
  text: string,
  options: ConnectionListingOptions = {},
  size = 4096,
): Promise<Listing> {
  const pieces = listConnections(inPieces(text, size), options);
  let listing = '';
  for (;;) {
    const piece = await pieces.next();
    if (piece.done) return { text: listing, end: piece.value };
    listing += piece.value.toString('latin1');
  }
}

describe('the listing of the connection table', () => {
  it('is what ipvsadm prints, however the file is cut into pieces', async () => {
    for (const size of [1, 7, 66, 4096, 65_536]) {
      expect(await list(printed, {}, size)).toEqual({ text: listed, end: 'complete' });
    }
  });

  it('has name and data of persistence engines when they are asked for', async () => {
    const { text } = await list(printed, { persistenceEngines: true });
    expect(text.split('\n').slice(0, 3)).toEqual([
      'IPVS connection entries',
      'pro expire state       source             virtual            destination        pe name          pe_data',
      'TCP 14:59  ESTABLISHED 10.9.0.1:35434     10.9.0.1:80        10.9.0.2:8080',
    ]);
    expect(text).toContain(
      '\nUDP 00:59  NONE        10.9.0.1:0         10.9.0.1:5060      10.9.0.2:5060    sip                abc123@10.3.0.2\n',
    );
  });

  it('prints rows whole that are too long for ipvsadm', async () => {
    const data = 'x'.repeat(255);
    const row = `UDP 0A090001 0000 0A090001 13C4 0A090002 13C4 NONE             59 sip ${data}\n`;
    const { text, end } = await list(header + row.repeat(2), { persistenceEngines: true });
    expect(end).toBe('complete');
    expect(text.split('\n').filter((line) => line.endsWith(` ${data}`))).toHaveLength(2);
  });

  it('has names where there are some, cut to 59 bytes', async () => {
    const long = 'a-very-long-name-of-a-host.that-does-not-fit.example.net.and-more.example';
    const names: AddressNames = {
      hostName: (address) => (address === '10.9.0.1' ? 'director' : long),
      portName: (port, protocol) => (port === 80 && protocol === 'tcp' ? 'http' : undefined),
    };
    const { text } = await list(printed, { makeRows: rowMaker(names, false) });
    expect(text.split('\n')[2]).toBe(
      `TCP 14:59  ESTABLISHED director:35434     director:http      ${long.slice(0, 59)}`,
    );
    expect(text.split('\n')[4]).toContain(' director:0 ');
  });

  it('prints an IPv4-compatible address as the C library does', async () => {
    const client = '0000:0000:0000:0000:0000:0000:0102:0304';
    const row = `TCP ${client} 0001 ${client} 0050 ${client} 0050 CLOSE             9\n`;
    expect((await list(header + row)).text).toContain(' [::1.2.3.4]:1 ');
  });

  it('yields pieces of a size that does not grow with the table', async () => {
    const text = header + printed.slice(header.length).repeat(6000);
    let largest = 0;
    let total = 0;
    for await (const piece of listConnections(inPieces(text, 1_000_000))) {
      largest = Math.max(largest, piece.length);
      total += piece.length;
    }
    expect(largest).toBeLessThan(200_000);
    expect(total).toBeGreaterThan(3_000_000);
  });

  it('ends at a line that is no entry, after the rows before it', async () => {
    const [first = ''] = printed.slice(header.length).split('\n');
    const shown = listed.split('\n').slice(0, 3).join('\n');
    for (const wrong of [
      '',
      'TCP',
      'TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED',
      'TCP 0A09000 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     899',
      'TCP 0A09000G 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     899',
      'TCP 0A090001 8A6A 0A090001 0050 0A090002 11F90 ESTABLISHED     899',
      'TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     -1',
      'TCP fd00:9::1 8A6A 0A090001 0050 0A090002 1F90 ESTABLISHED     899',
      'x'.repeat(10_000),
      'x'.repeat(1_000_000),
    ]) {
      expect(await list(`${header}${first}\n${wrong}\n${first}\n`)).toEqual({
        text: `${shown}\n`,
        end: 'malformed',
      });
    }
  });

  it('takes a last line without an end as one, and tells a file that has nothing', async () => {
    expect(await list(printed.trimEnd())).toEqual({ text: listed, end: 'complete' });
    expect((await list(header)).text).toBe(listed.split('\n').slice(0, 2).join('\n').concat('\n'));
    expect(await list('')).toEqual({ text: '', end: 'empty' });
  });
});
