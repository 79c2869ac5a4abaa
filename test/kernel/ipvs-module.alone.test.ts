import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { Ipvs } from '../../src/index.ts';
import { needsKernelOfItsOwn } from '../support/kernel.ts';
import { removeScratchTables, scratchTable, serviceTexts } from '../support/scratch-table.ts';

removeScratchTables();

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const member = { address: '10.0.0.1' };

describe('the module', () => {
  /** Unloads IPVS, once nothing uses it any more: namespaces are taken apart in the background. */
  async function unload(): Promise<void> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const { stdout } = await execa('lsmod');
      const loaded = [...stdout.matchAll(/^(ip_vs\w*)/gm)].map((match) => match[1] ?? '');
      if (loaded.length === 0) return;
      const schedulers = loaded.filter((name) => name !== 'ip_vs');
      const { failed, stderr } = await execa('rmmod', [...schedulers, 'ip_vs'], { reject: false });
      if (failed && Date.now() > deadline) throw new Error(stderr);
    }
  }

  it('is loaded for the first client, and loaded anew is still served by one from before', async (context) => {
    needsKernelOfItsOwn(context);
    const { ipvs, name } = await scratchTable();
    await ipvs.add(web, { scheduler: 'rr' });
    await ipvs.flush();
    await unload();
    await using fresh = await Ipvs.open({ netns: name });
    expect(await fresh.list()).toEqual([]);

    // From here on the family has another number than `ipvs` knows.
    expect(await ipvs.list()).toEqual([]);
    await ipvs.add(web, { scheduler: 'rr' });
    expect(await serviceTexts(fresh)).toEqual(['tcp 192.0.2.1:80']);
    await ipvs.flush();

    await unload();
    await using again = await Ipvs.open({ netns: name });
    const results = await ipvs.transaction([
      { type: 'add-service', service: web, config: { scheduler: 'rr' } },
      { type: 'add-destination', service: web, destination: member },
      { type: 'add-service', service: web, config: { scheduler: 'rr' } },
    ]);
    expect(results.map((result) => (result.ok ? 'ok' : result.error.code))).toEqual([
      'ok',
      'ok',
      'IPVS_SERVICE_EXISTS',
    ]);
    await fresh.editDestination(web, member, { weight: 4 });
    expect((await again.find(web))?.destinations).toMatchObject([{ weight: 4 }]);
    await again.remove(web);
    expect(await fresh.timeouts()).toMatchObject({ tcp: 900 });
  });
});
