import { access, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiler = join(root, 'node_modules/.bin/tsc');

/** A folder of somebody else's, in which the package is installed. */
let folder: string;

beforeAll(async () => {
  await access(join(root, 'dist/index.d.ts')).catch(() => {
    throw new Error('the library is not built: npm run build:ts');
  });
  folder = await mkdtemp(join(tmpdir(), 'lvskit-consumers-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/lvskit'));
  await symlink(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  for (const name of ['consumer.mts', 'consumer.cts']) {
    await cp(join(root, 'test/types', name), join(folder, name));
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What the compiler says of a consumer, nothing when all is well. */
async function compile(file: string, options: object): Promise<string> {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    ...options,
  };
  const project = join(folder, 'tsconfig.json');
  await writeFile(project, JSON.stringify({ compilerOptions, files: [file] }));
  const { all } = await execa(compiler, ['-p', project], { all: true, reject: false });
  return all;
}

describe('a program that uses the library', () => {
  it.each([
    ['as a module', 'consumer.mts', { module: 'nodenext' }],
    ['as a module of an older Node.js', 'consumer.mts', { module: 'node16' }],
    ['through a bundler', 'consumer.mts', { module: 'esnext', moduleResolution: 'bundler' }],
    ['from CommonJS', 'consumer.cts', { module: 'nodenext' }],
  ])('compiles where it is right, and nowhere else: %s', async (_how, file, options) => {
    expect(await compile(file, options)).toBe('');
  });

  it('does not compile where it is wrong', async () => {
    const wrong = "import { Ipvs } from 'lvskit';\nawait Ipvs.opne();\n";
    await writeFile(join(folder, 'wrong.mts'), wrong);
    expect(await compile('wrong.mts', { module: 'nodenext' })).toMatch(/wrong\.mts.*'opne'/);
  });

  it('has types that hold by themselves, without being taken on trust', async () => {
    expect(await compile('consumer.mts', { module: 'nodenext', skipLibCheck: false })).toBe('');
  });

  it.each([
    [
      'import',
      [
        '--input-type=module',
        '--eval',
        "import { Ipvs } from 'lvskit'; console.log(typeof Ipvs.open)",
      ],
    ],
    ['require()', ['--eval', "console.log(typeof require('lvskit').Ipvs.open)"]],
    [
      'import, the table alone',
      [
        '--input-type=module',
        '--eval',
        "import { Ipvs } from 'lvskit/ipvs'; console.log(typeof Ipvs.open)",
      ],
    ],
    [
      'require(), the table alone',
      ['--eval', "console.log(typeof require('lvskit/ipvs').Ipvs.open)"],
    ],
  ])('finds the library by %s', async (_how, words) => {
    const { stdout } = await execa(process.execPath, words, { cwd: folder });
    expect(stdout).toBe('function');
  });

  it.each(['lvskit', 'lvskit/ipvs'])(
    'is not made to wait for sockets, streams and processes by importing %s',
    async (entry) => {
      const program = `import '${entry}'; console.log(process.moduleLoadList.join('\\n'))`;
      const words = ['--input-type=module', '--eval', program];
      const { stdout } = await execa(process.execPath, words, { cwd: folder });
      const without = await execa(
        process.execPath,
        words.with(2, program.slice(program.indexOf(';'))),
        {
          cwd: folder,
        },
      );
      const before = new Set(without.stdout.split('\n'));
      const loaded = stdout.split('\n').filter((name) => !before.has(name));
      expect(loaded.filter((name) => /\b(net|dgram|child_process|streams?)\b/.test(name))).toEqual(
        [],
      );
    },
  );

  it('is one library by whichever name', async () => {
    const program = `
      import { Ipvs, IpvsError } from 'lvskit';
      import * as table from 'lvskit/ipvs';
      console.log(table.Ipvs === Ipvs, table.IpvsError === IpvsError, Object.keys(table).join(' '));
    `;
    const words = ['--input-type=module', '--eval', program];
    const { stdout } = await execa(process.execPath, words, { cwd: folder });
    expect(stdout).toMatch(/^true true Ipvs IpvsError /);
  });

  it('finds nothing of the package but what it exports', async () => {
    const inner = "import('lvskit/dist/ipvs/client.js').catch((error) => console.log(error.code))";
    const { stdout } = await execa(process.execPath, ['--eval', inner], { cwd: folder });
    expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
