import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';

it('takes the addon of this checkout, or the one that LVSKIT_PREBUILD names', async () => {
  loadAddon();
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
  const folder = process.env['LVSKIT_PREBUILD'] ?? root;
  const maps = await readFile('/proc/self/maps', 'utf8');
  const mapped = new Set(maps.match(/\/\S*\/lvskit\.node$/gm));
  expect([...mapped]).toEqual([`${folder}/build/Release/lvskit.node`]);
});
