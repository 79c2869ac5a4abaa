import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
let bundle: string;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/lvskit-launch-test-');
  bundle = join(folder, 'dist/bundle');
  await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  await mkdir(bundle, { recursive: true });
});

afterEach(async () => {
  await chmod(bundle, 0o755);
  await rm(folder, { recursive: true, force: true });
});

const stampOf = (build: number) => `/*${String(build).padStart(28, '0')}*/`;

/** A build whose programs print a word, of the same length each so that V8 cannot tell them apart. */
async function install(build: number, word: string): Promise<void> {
  const source = `${stampOf(build)}
    const print = (text) => async (words) => {
      process.stdout.write(text + words.join(','));
      return words.length;
    };
    exports.ipvsadm = print('${word} ');
    exports.ipvsadmSave = print('${word} save ');
    exports.ipvsadmRestore = print('${word} restore ');`;
  await writeFile(join(bundle, 'ipvsadm.cjs'), source);
}

const run = (program: string, ...words: readonly string[]) =>
  execa(program, words, { reject: false, stdin: 'ignore' });

const keptCode = async () => {
  const names = await readdir(bundle);
  return names.filter((name) => name !== 'ipvsadm.cjs');
};

describe('the programs of bin', () => {
  it('are one program by three names, that ends with the code it resolves to', async () => {
    await install(1, 'one');
    const answers = await Promise.all(
      ['', '-save', '-restore'].map((name) =>
        run(join(folder, `bin/lvskit-ipvsadm${name}`), '-L', '-n'),
      ),
    );
    expect(answers.map(({ stdout }) => stdout)).toEqual([
      'one -L,-n',
      'one save -L,-n',
      'one restore -L,-n',
    ]);
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2]);
  });

  it('run through a link by another name', async () => {
    await install(1, 'one');
    const link = join(folder, 'ipvsadm-save');
    await execa('ln', ['-s', join(folder, 'bin/lvskit-ipvsadm-save'), link]);
    expect((await run(link, '-n')).stdout).toBe('one save -n');
  });

  it('keep their compiled code, once for each version of Node', async () => {
    await install(1, 'one');
    const program = join(folder, 'bin/lvskit-ipvsadm');
    await run(program);
    const name = `ipvsadm-${process.version}-${process.arch}.code`;
    expect(await keptCode()).toEqual([name]);
    const code = await readFile(join(bundle, name));
    expect(code.toString('latin1', 0, 32)).toBe(stampOf(1));
    expect((await run(program)).stdout).toBe('one ');
    expect(await readFile(join(bundle, name))).toEqual(code);
  });

  it('never run the code of another build', async () => {
    const program = join(folder, 'bin/lvskit-ipvsadm');
    await install(1, 'one');
    await run(program);
    await install(2, 'two');
    expect((await run(program)).stdout).toBe('two ');
    expect((await run(program)).stdout).toBe('two ');
  });

  it.for([
    ['empty', ''],
    ['of no use', 'not code at all, but long enough to be looked at by whoever reads it'],
    ['cut short', stampOf(1)],
  ])('run when the kept code is %s', async ([, text]) => {
    await install(1, 'one');
    await writeFile(
      join(bundle, `ipvsadm-${process.version}-${process.arch}.code`),
      text as string,
    );
    expect((await run(join(folder, 'bin/lvskit-ipvsadm'), 'x')).stdout).toBe('one x');
  });

  it('run where they may not write, and leave nothing', async () => {
    await install(1, 'one');
    await chmod(bundle, 0o555);
    await chmod(folder, 0o755);
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs'];
    const program = join(folder, 'bin/lvskit-ipvsadm');
    const { stdout } = await run('setpriv', ...nobody, process.execPath, program, 'y');
    expect(stdout).toBe('one y');
    expect(await keptCode()).toEqual([]);
  });

  it('say what is missing where nothing was built', async () => {
    const { exitCode, stderr } = await run(join(folder, 'bin/lvskit-ipvsadm'));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^cannot read .*ipvsadm\.cjs \(ENOENT\); build it with: npm run build$/);
  });
});
