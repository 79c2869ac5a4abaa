import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Timeouts } from '../../src/index.ts';
import { kernelIs } from '../support/kernel.ts';
import { removeScratchTables, scratchTable } from '../support/scratch-table.ts';

removeScratchTables();

const defaults = { tcp: 900, tcpFin: 120, udp: 300 };

describe('timeouts', () => {
  it("are the kernel's defaults at first", async () => {
    const { ipvs } = await scratchTable();
    expect(await ipvs.timeouts()).toEqual(defaults);
  });

  it.each<[Partial<Timeouts>, Timeouts]>([
    [{ tcp: 1 }, { ...defaults, tcp: 1 }],
    [{ tcpFin: 7 }, { ...defaults, tcpFin: 7 }],
    [{ udp: 8 }, { ...defaults, udp: 8 }],
    [
      { tcp: 1, udp: 2_147_483 },
      { ...defaults, tcp: 1, udp: 2_147_483 },
    ],
    [
      { tcp: 2_147_483, tcpFin: 2_147_483, udp: 2_147_483 },
      { tcp: 2_147_483, tcpFin: 2_147_483, udp: 2_147_483 },
    ],
    [{}, defaults],
  ])('that are set to %j are then %j', async (change, expected) => {
    const { ipvs } = await scratchTable();
    await ipvs.setTimeouts(change);
    expect(await ipvs.timeouts()).toEqual(expected);
  });

  it('read back as they were set, whatever they are', async () => {
    const { ipvs } = await scratchTable();
    const seconds = fc.integer({ min: 1, max: 2_147_483 });
    let known: Timeouts = defaults;
    await fc.assert(
      fc.asyncProperty(
        fc.record({ tcp: seconds, tcpFin: seconds, udp: seconds }, { requiredKeys: [] }),
        async (change) => {
          await ipvs.setTimeouts(change);
          known = { ...known, ...change };
          expect(await ipvs.timeouts()).toEqual(known);
        },
      ),
    );
  });

  it('of one namespace are not those of another', async () => {
    const [one, other] = [await scratchTable(), await scratchTable()];
    await one.ipvs.setTimeouts({ tcp: 60 });
    expect(await other.ipvs.timeouts()).toEqual(defaults);
  });
});

describe('the information', () => {
  it('has the version that IPVS has had for years, and the size of the connection table', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.add({ protocol: 'tcp', address: '192.0.2.1', port: 80 });
    const { version, connectionTableSize } = await ipvs.info();
    expect(version).toBe('1.2.1');
    expect(Number.isInteger(Math.log2(connectionTableSize))).toBe(true);
    expect(connectionTableSize).toBeGreaterThanOrEqual(256);
  });

  it('has a size of 0 before the first service since Linux 7.1, and the full size before that', async () => {
    const { ipvs } = await scratchTable();
    const { connectionTableSize } = await ipvs.info();
    if (kernelIs('7.1')) expect(connectionTableSize).toBe(0);
    else expect(connectionTableSize).toBeGreaterThanOrEqual(4096);
  });
});
