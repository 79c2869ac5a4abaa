import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as library from '../../src/index.ts';

const read = (path: string) =>
  readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

const pages = (await Promise.all(['docs/library.md', 'docs/network.md'].map(read))).join('\n');
const index = (await Promise.all(['src/index.ts', 'src/ipvs.ts'].map(read))).join('\n');

/** The words of a list that the pages do not have. */
const missing = (words: Iterable<string>) =>
  [...new Set(words)].filter((word) => !new RegExp(`\\b${word}\\b`).test(pages));

interface Export {
  readonly name: string;
  readonly source: string;
}

/** Everything that the entries export, types too, with the text of the file it is from. */
async function exportsOfLibrary(): Promise<readonly Export[]> {
  const found: Export[] = [];
  for (const [, names, file = ''] of index.matchAll(
    /^export (?:type )?\{([^}]*)\} from '\.\/([^']+)'/gm,
  )) {
    const source = await read(`src/${file}`);
    for (const name of names?.split(',') ?? []) {
      const plain = name.trim().replace(/^type /, '');
      if (plain !== '') found.push({ name: plain, source });
    }
  }
  for (const [, , file = ''] of index.matchAll(/^export \* as (\w+) from '\.\/([^']+)'/gm)) {
    const source = await read(`src/${file}`);
    const declared = source.matchAll(
      /^export (?:async )?(?:interface|type|class|function|const) (\w+)/gm,
    );
    for (const [, name = ''] of declared) found.push({ name, source });
  }
  return found;
}

const exported = await exportsOfLibrary();

/** The body of an exported declaration. */
const bodyOf = ({ name, source }: Export, kind: string) =>
  new RegExp(`^export ${kind} ${name}\\b[^{;]*\\{(.*?)^\\}`, 'ms').exec(source)?.[1] ?? '';

describe('the pages about the library', () => {
  it('name everything that it exports', () => {
    expect(exported.length).toBeGreaterThan(120);
    expect(missing(exported.map(({ name }) => name))).toEqual([]);
    expect(missing(Object.keys(library))).toEqual([]);
  });

  it('name every field of what is taken and returned', () => {
    const fields = exported.flatMap((one) =>
      Array.from(
        bodyOf(one, 'interface').matchAll(/^ {2}readonly (\w+)/gm),
        ([, name = '']) => name,
      ),
    );
    expect(fields.length).toBeGreaterThan(250);
    expect(missing(fields)).toEqual([]);
  });

  it('name every method', () => {
    const methods = exported.flatMap((one) =>
      Array.from(
        bodyOf(one, 'class').matchAll(/^ {2}(?:static )?(?:async )?(?:get )?(\w+)[(<]/gm),
        ([, name = '']) => name,
      ),
    );
    const own = methods.filter((name) => name !== 'constructor');
    expect(own.length).toBeGreaterThan(30);
    expect(missing(own)).toEqual([]);
  });

  it('have every code of every error, and no other', () => {
    const codes = (text: string) =>
      [...new Set(text.match(/\b(?:IPVS|NETWORK|LVSKIT)_[A-Z_]+\b/g))].sort();
    const unions = exported
      .filter(({ name }) => /ErrorCode$/.test(name))
      .map(({ name, source }) => new RegExp(`^export type ${name} =.*?;$`, 'ms').exec(source)?.[0]);
    expect(unions).toHaveLength(2);
    expect(codes(pages)).toEqual(codes(`${unions.join()} LVSKIT_UNSUPPORTED`));
  });
});
