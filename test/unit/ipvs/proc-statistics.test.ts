import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parsePerCpuStatistics, parseTotals } from '../../../src/ipvs/proc-statistics.ts';

const totals = `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
       E       5C       52             1560             1264

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       1        5        5              12D              103

`;

const perCpu = `       Total Incoming Outgoing         Incoming         Outgoing
CPU    Conns  Packets  Packets            Bytes            Bytes
  0        E       5C       52             1560             1264
  A        0        1        0               28                0
  ~        F       5D       52             1588             1264

     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
           1        5        5              12D              103

`;

const rates = {
  connectionsPerSecond: 1n,
  packetsInPerSecond: 5n,
  packetsOutPerSecond: 5n,
  bytesInPerSecond: 0x12dn,
  bytesOutPerSecond: 0x103n,
};
const counters = {
  connections: 14n,
  packetsIn: 0x5cn,
  packetsOut: 0x52n,
  bytesIn: 0x1560n,
  bytesOut: 0x1264n,
};

describe('the total counters', () => {
  it('are hexadecimal, the counters first and then the rates', () => {
    expect(parseTotals(totals)).toMatchObject({ ...counters, ...rates });
  });

  it('grow out of their columns up to 64 bits', () => {
    const text = totals
      .replace('       E       5C', 'FFFFFFFFFFFFFFFF 123456789ABCDEF0')
      .replace('             1560', ' FFFFFFFFFFFFFFFF');
    expect(parseTotals(text)).toMatchObject({
      connections: 0xffff_ffff_ffff_ffffn,
      packetsIn: 0x1234_5678_9abc_def0n,
      packetsOut: 0x52n,
      bytesIn: 0xffff_ffff_ffff_ffffn,
      ...rates,
    });
  });

  it('are decimal strings in JSON', () => {
    expect(JSON.parse(JSON.stringify(parseTotals(totals)))).toMatchObject({
      connections: '14',
      bytesIn: '5472',
      bytesOutPerSecond: '259',
    });
  });

  it.each([
    ['', 'cannot make sense of the line ""'],
    [totals.slice(0, totals.indexOf(' Conns/s')), 'cannot make sense of the line ""'],
    [totals.replace('     52', ''), 'cannot make sense of the line "E 5C 1560 1264"'],
    [totals.replace('1264', '12x4'), 'cannot make sense of the line "E 5C 52 1560 12x4"'],
    [totals.replace('1560', '11234567890ABCDEF'), 'E 5C 52 11234567890ABCDEF 1264'],
    [`${totals}1 2 3 4 5\n`, 'cannot make sense of the line "1 2 3 4 5"'],
  ])('are refused when they are not as a kernel prints them: %j', (text, words) => {
    expect(() => parseTotals(text)).toThrow(words);
  });
});

describe('the counters by CPU', () => {
  it('are one set for each CPU, by a number that is hexadecimal too, and one for all', () => {
    const { cpus, total } = parsePerCpuStatistics(perCpu);
    expect(cpus.map(({ cpu }) => cpu)).toEqual([0, 10]);
    expect(cpus[0]?.counters).toMatchObject(counters);
    expect(cpus[1]?.counters).toMatchObject({ connections: 0n, packetsIn: 1n, bytesIn: 0x28n });
    expect(total).toMatchObject({ connections: 15n, bytesIn: 0x1588n, ...rates });
  });

  it('have no rates, in JSON and on the console neither', () => {
    const [first] = parsePerCpuStatistics(perCpu).cpus;
    expect(JSON.parse(JSON.stringify(first))).toEqual({
      cpu: 0,
      counters: {
        connections: '14',
        packetsIn: '92',
        packetsOut: '82',
        bytesIn: '5472',
        bytesOut: '4708',
      },
    });
    expect(inspect(first?.counters)).toContain('connections: 14n');
    expect(inspect(first?.counters)).not.toContain('PerSecond');
  });

  it.each([
    ['', 'cannot make sense of the line ""'],
    [totals, 'cannot make sense of the line ""'],
    [perCpu.replace('  A  ', '  Z  '), 'cannot make sense of the line "Z 0 1 0 28 0"'],
    [perCpu.replace('  ~  ', '  B  '), 'cannot make sense of the line'],
    [`${perCpu}\n7\n`, 'cannot make sense of the line "7"'],
  ])('are refused when they are not as a kernel prints them: %j', (text, words) => {
    expect(() => parsePerCpuStatistics(text)).toThrow(words);
  });
});
