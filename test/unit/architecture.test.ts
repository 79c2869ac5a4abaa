import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../src', import.meta.url));

/**
 * The layers from the programs at the top down to the addon, by folder. A folder may import from
 * itself and from lower layers. Folders of one layer may not import from each other.
 */
const layers: readonly (readonly string[])[] = [
  ['cli', 'web'],
  ['director', 'control'],
  ['observe'],
  ['lab', 'doctor'],
  ['real-server', 'reconcile', 'health', 'ha', 'import'],
  ['formats', 'config'],
  ['ipvs', 'system'],
  ['net'],
  ['native'],
];

/** Files outside the layers: the public face, and what every layer may use. */
const publicFace = ['index.ts', 'ipvs.ts'];
const common = ['errors.ts', 'check.ts'];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: string;
}

const statement =
  /^(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

function sources(): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[mc]?tsx?$/.test(name))
    .sort();
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(statement)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const to = specifier.startsWith('.')
      ? relative(root, join(root, dirname(file), specifier))
      : specifier;
    return { from: file, to, line: match[0].replaceAll(/\s+/g, ' ') };
  });
}

const imports: readonly Import[] = sources().flatMap(importsOf);
const isSource = (path: string) => /\.[mc]?tsx?$/.test(path);
const inside: readonly Import[] = imports.filter(({ to }) => isSource(to));

function folderOf(path: string): string | undefined {
  const [folder, ...rest] = path.split('/');
  return rest.length > 0 ? folder : undefined;
}

function layerOf(path: string): number {
  const folder = folderOf(path);
  return layers.findIndex((layer) => folder !== undefined && layer.includes(folder));
}

const show = ({ from, line }: Import) => `${from}: ${line}`;

describe('the sources', () => {
  it('are read by this test', () => {
    expect(inside.length).toBeGreaterThan(50);
    expect(inside.some(({ from, to }) => from === 'ipvs.ts' && to === 'ipvs/client.ts')).toBe(true);
    const files = new Set(sources());
    expect(inside.filter(({ to }) => !files.has(to)).map(show)).toEqual([]);
  });

  it('all lie in a folder that has its place among the layers', () => {
    const homeless = sources().filter(
      (file) => layerOf(file) < 0 && !publicFace.includes(file) && !common.includes(file),
    );
    expect(homeless).toEqual([]);
  });

  it('import downwards only', () => {
    const wrong = inside.filter(({ from, to }) => {
      if (common.includes(to) || publicFace.includes(from)) return false;
      if (common.includes(from) || publicFace.includes(to)) return true;
      return folderOf(from) !== folderOf(to) && layerOf(from) >= layerOf(to);
    });
    expect(wrong.map(show)).toEqual([]);
  });

  it('reach the addon through native/load.ts alone', () => {
    const mentions = sources().filter((file) =>
      /createRequire|dlopen|\brequire\(|node-gyp-build|\.node['"`]/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
    expect(mentions).toEqual(['native/load.ts']);
  });

  it('import nothing in a circle', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, line } of inside) {
      // What is a type alone is gone when the program runs.
      if (!/^(?:import|export) type\b/.test(line)) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]) => {
      if (path.includes(file)) {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const target of next.get(file) ?? []) walk(target, [...path, file]);
      done.add(file);
    };
    for (const file of next.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  it('of the library use no package besides Node and the loader of the addon', () => {
    const library = ['ipvs', 'net', 'native', undefined];
    const packages = imports
      .filter(({ from }) => library.includes(folderOf(from)))
      .map(({ to }) => to)
      .filter((to) => !isSource(to) && !to.startsWith('node:'));
    expect([...new Set(packages)]).toEqual([]);
  });

  it('name the extension of what they import', () => {
    const bare = imports.filter(
      ({ from, to, line }) => /['"]\.{1,2}\//.test(line) && !isSource(to) && from !== '',
    );
    expect(bare.map(show)).toEqual([]);
  });
});
