import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repeats } from '../support/kernel.ts';
import { type Machine, machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';

removeScratchNetworks();
removeMachines();

const done = { code: 0, stderr: '' };

async function vipsOn({ ip }: Machine, link: string): Promise<readonly string[]> {
  const [found] = await ip('address', 'show', 'dev', link, 'scope', 'global');
  // iproute2 leaves empty places for what the filter leaves out.
  const addresses: readonly { readonly local?: string }[] = found?.addr_info ?? [];
  return addresses.flatMap(({ local }) => local ?? []).sort();
}

const wrongFiles: readonly (readonly [text: string, says: string])[] = [
  ['setups: [{ mode: dr, vips: [10.82.0.100], devise: lo }]', 'unknown key "devise"'],
  ['setups: [{ mode: drr, vips: [10.82.0.100] }]', 'did you mean "dr"?'],
  ['setups: [{ mode: dr, vips: [224.0.0.1] }]', 'VIP 224.0.0.1 is a multicast address'],
  [
    'setups: [{ name: a, mode: dr, vips: [10.82.0.100] }, { name: a, mode: dr, vips: [10.82.0.101] }]',
    'more than one setup is called a',
  ],
  ['services: [{ listen: tcp 10.82.0.100, servers: [] }]', ':1:'],
  ['services: [{ listen: "tcp 192.0.2.1:80", servers: [10.0.0.1] }]', 'which has 10.82.0.11'],
];

// A file is read without the kernel.
describe.skipIf(repeats)('rs-setup apply --config', () => {
  it("finds itself in the director's file, and follows it", async () => {
    const host = await machine();
    const { rsSetup, state, root } = host;
    const file = join(root, 'lvskit.yaml');
    const before = await state();
    const services = (...vips: readonly string[]) =>
      vips.map((vip) => `  - { listen: "tcp ${vip}:80", servers: [10.82.0.11, 10.82.0.12] }`);
    await writeFile(file, ['services:', ...services('10.82.0.100', '10.82.0.101')].join('\n'));
    const planned = await rsSetup('apply', '--config', file, '--dry-run');
    expect(planned).toMatchObject(done);
    expect(await state()).toEqual(before);
    expect(await rsSetup('apply', '--config', file)).toMatchObject(done);
    expect(await vipsOn(host, 'lo')).toEqual(['10.82.0.100', '10.82.0.101']);
    const again = await rsSetup('apply', '--config', file);
    expect(again.stdout).toMatch(/nothing to do\n$/);

    await writeFile(file, ['services:', ...services('10.82.0.101', '10.82.0.102')].join('\n'));
    expect(await rsSetup('apply', '--config', file)).toMatchObject(done);
    expect(await vipsOn(host, 'lo')).toEqual(['10.82.0.101', '10.82.0.102']);

    const nat = ['services:', '  - listen: tcp 192.0.2.9:80', '    forwarding: nat'];
    await writeFile(file, [...nat, '    servers: [10.82.0.11]'].join('\n'));
    const moved = await rsSetup('apply', '--config', file, '--gateway', '10.82.0.1');
    expect(moved).toMatchObject(done);
    expect(moved.stdout).toContain('director-dr: not in the file any more, undone:');
    expect(await vipsOn(host, 'lo')).toEqual([]);
    expect((await host.ip('route', 'show', 'default'))[0].gateway).toBe('10.82.0.1');
    await rsSetup('undo');
    expect(await state()).toEqual(before);
  });

  it('takes setups of its own, and keeps those of others', async () => {
    const host = await machine();
    const { rsSetup, root } = host;
    const file = join(root, 'real-server.yaml');
    await rsSetup('apply', '--mode', 'dr', '--vip', '10.82.0.105');
    await writeFile(
      file,
      `setups:
  - { name: web, mode: dr, vips: [10.82.0.100] }
  - { name: dns, mode: dr, vips: [10.82.0.101], device: dummy }
`,
    );
    expect(await rsSetup('apply', '-c', file)).toMatchObject(done);
    expect(await vipsOn(host, 'lvs0')).toEqual(['10.82.0.101']);
    await writeFile(file, 'setups: []\n');
    expect(await rsSetup('apply', '-c', file)).toMatchObject(done);
    expect(await vipsOn(host, 'lo')).toEqual(['10.82.0.105']);
  });

  it('refuses what cannot be, with its place', async () => {
    const { rsSetup, root, state } = await machine();
    const file = join(root, 'wrong.yaml');
    const before = await state();
    for (const [text, says] of wrongFiles) {
      await writeFile(file, `${text}\n`);
      const { code, stdout, stderr } = await rsSetup('apply', '--config', file);
      expect({ text, code, stdout }).toEqual({ text, code: 2, stdout: '' });
      expect(stderr).toContain(says);
    }
    expect(await state()).toEqual(before);
  });

  it('does not mix a file with words', async () => {
    const { rsSetup, root } = await machine();
    const file = join(root, 'none.yaml');
    const mixed = await rsSetup('apply', '--config', file, '--mode', 'dr');
    expect(mixed.code).toBe(2);
    expect(mixed.stderr).toContain('--mode does not go with it');
    const missing = await rsSetup('apply', '--config', file);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(`cannot read ${file}`);
  });
});
