import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';

/** Those of the names that this kernel has no module for, as far as its list of modules can be read. */
export async function missingSchedulers(names: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    ['dep', 'builtin'].map((list) =>
      readFile(`/lib/modules/${release()}/modules.${list}`, 'utf8').catch(() => undefined),
    ),
  );
  const modules = lists.filter((text) => text !== undefined);
  if (modules.length === 0) return [];
  const missing: string[] = [];
  for (const name of new Set(names)) {
    const isLoaded = await access(`/sys/module/ip_vs_${name}`).then(
      () => true,
      () => false,
    );
    const file = `/ip_vs_${name}.ko`;
    if (!isLoaded && !modules.some((text) => text.includes(file))) missing.push(name);
  }
  return missing;
}
