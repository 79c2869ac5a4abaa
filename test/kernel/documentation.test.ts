import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Network } from '../../src/net/network.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const netns = `lvskit-docs-${process.pid}`;

interface Example {
  /** The heading it stands under, and which it is there. */
  readonly title: string;
  readonly code: string;
  readonly output: string;
}

/** The blocks of TypeScript of a page, each with the block of text behind it. */
async function examplesOf(page: string): Promise<readonly Example[]> {
  const text = await readFile(join(root, 'docs', page), 'utf8');
  const found: Example[] = [];
  for (const section of text.split(/^## /m).slice(1)) {
    const heading = section.slice(0, section.indexOf('\n'));
    const blocks = [...section.matchAll(/^```ts\n(.*?)^```\n(?:```text\n(.*?)^```$)?/gms)];
    for (const [index, [, code = '', output = '']] of blocks.entries()) {
      found.push({ title: `${page}: ${heading} ${index + 1}`, code, output: output.trimEnd() });
    }
  }
  return found;
}

const examples: readonly Example[] = (
  await Promise.all(['library.md', 'network.md'].map(examplesOf))
).flat();

/** Compiles the examples, as strictly as a reader may, and returns where they are. */
async function compile(folder: string): Promise<readonly string[]> {
  const names = examples.map((_, index) => `example-${index}`);
  for (const [index, { code }] of examples.entries()) {
    await writeFile(join(folder, `${names[index]}.ts`), code);
  }
  const options = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    moduleDetection: 'force',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    rootDir: '.',
    outDir: 'out',
  };
  const config = { compilerOptions: options, include: ['*.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, failed } = await execa(process.execPath, [tsc, '-p', folder], { reject: false });
  expect(stdout).toBe('');
  expect(failed).toBe(false);
  return names.map((name) => join(folder, 'out', `${name}.js`));
}

describe('an example of the documentation', () => {
  let folder = '';
  let namespace: NetworkNamespace | undefined;
  let outcomes: readonly { readonly output: string; readonly error?: string }[] = [];

  beforeAll(async () => {
    await mkdir(join(root, 'test-results'), { recursive: true });
    folder = await mkdtemp(join(root, 'test-results', 'examples-'));
    const files = await compile(folder);
    // What the examples take for granted: eth0 at 192.0.2.1, with a VIP, and a neighbour over there.
    namespace = await NetworkNamespace.create(netns);
    await using network = await Network.open({ netns });
    await network.links.add({ kind: 'dummy', name: 'eth0', up: true });
    for (const address of ['192.0.2.1/24', '192.0.2.10/32', '10.0.0.1/24']) {
      await network.addresses.add({ link: 'eth0', address });
    }
    const program = fileURLToPath(new URL('programs/run-examples.mjs', import.meta.url));
    const words = ['netns', 'exec', netns, process.execPath, program, ...files];
    outcomes = JSON.parse((await execa('ip', words)).stdout);
  }, 120_000);

  afterAll(async () => {
    await namespace?.remove();
    // The one that they make; it is not there when they failed before that.
    await NetworkNamespace.open('example-rs1').then(
      (made) => made.remove(),
      () => undefined,
    );
    await rm(folder, { recursive: true, force: true });
  });

  it.each(examples.map(({ title, output }, index) => [title, index, output] as const))(
    'compiles, runs, and prints what is shown: %s',
    (_title, index, output) => {
      expect(outcomes[index]?.error).toBeUndefined();
      expect(outcomes[index]?.output).toBe(output);
    },
  );
});
