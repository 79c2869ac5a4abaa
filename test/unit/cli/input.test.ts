import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readDesiredTable } from '../../../src/cli/desired-table.ts';
import { exitCodeOf } from '../../../src/cli/exit-code.ts';
import { readInput } from '../../../src/cli/input-file.ts';
import { writeWholeFile } from '../../../src/cli/output-file.ts';
import { formatServiceKey } from '../../../src/ipvs/service.ts';

// Long files, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-input-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const context = {
  stdout: { write: () => true },
  stderr: { write: () => true },
  environment: {},
  signal: new AbortController().signal,
};

/** The file and what is in it. */
async function fileOf(content: string | Uint8Array, name = 'rules'): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('not refused'),
    (reason) => reason,
  );
  expect(exitCodeOf(error)).toBe(2);
  return (error as Error).message.replaceAll(`${folder}/`, '');
}

const read = (file: string, format?: 'ipvsadm' | 'yaml') => readDesiredTable(file, format, context);
const tableOf = async (file: string) => (await read(file)).of([]);

describe('a file to restore', () => {
  const rules = '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1 -x 5 -y 2\n';

  it.each([
    ['as it is', rules],
    ['with Windows line ends', rules.replaceAll('\n', '\r\n')],
    ['without its last line end', rules.slice(0, -1)],
    ['with comments and empty lines', `# saved\n\n${rules}   \n# end`],
    ['with the command before each line', rules.replaceAll(/^-/gm, 'ipvsadm -')],
  ])('may be rules %s', async (_what, text) => {
    const table = await tableOf(await fileOf(text));
    expect(table).toMatchObject([
      {
        key: { protocol: 'tcp', address: '192.0.2.1', port: 80 },
        scheduler: 'rr',
        destinations: [
          { key: { address: '10.0.0.1' }, forwarding: 'nat', upperThreshold: 5, lowerThreshold: 2 },
        ],
      },
    ]);
  });

  it('is known by its name, or by how it begins, or is what one says', async () => {
    const yaml = 'services:\n  - listen: fwmark 7\n';
    expect(await tableOf(await fileOf(yaml, 'a.yaml'))).toHaveLength(1);
    expect(await tableOf(await fileOf(yaml, 'a'))).toHaveLength(1);
    expect(await tableOf(await fileOf(`---\n${yaml}`, 'b'))).toHaveLength(1);
    expect(await tableOf(await fileOf(`# of ours\n${rules}`, 'c'))).toHaveLength(1);
    expect(await tableOf(await fileOf('{"services":[]}', 'd'))).toEqual([]);
    const misnamed = await fileOf(rules, 'e.yaml');
    expect((await read(misnamed, 'ipvsadm')).of([])).toHaveLength(1);
  });

  it('of nothing is not taken for an empty table', async () => {
    expect(await refusalOf(tableOf(await fileOf('')))).toContain('there is nothing in it');
    expect(await refusalOf(tableOf(await fileOf('\n\n')))).toContain('there is nothing in it');
  });

  it('is told by file and line where it is wrong, all of it', async () => {
    const text = [
      '-A -t 192.0.2.1:80 -s rr',
      '-A -t 192.0.2.1:80 -s wrr',
      '-a -t 192.0.2.9:80 -r 10.0.0.1:80 -g',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w -5',
      '-L -n',
      '-Q',
      '-A -u 192.0.2.1 -s rr',
      '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m',
      '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m',
      '-d -t 192.0.2.1:80 -r 10.0.0.7:80',
      '--set 1 2 3',
    ].join('\n');
    const message = await refusalOf(tableOf(await fileOf(text)));
    expect(message.split('\n')).toEqual([
      'rules:2: service tcp 192.0.2.1:80 was added in line 1 already',
      'rules:3: there is no service tcp 192.0.2.9:80',
      'rules:4: illegal weight specified',
      'rules:5: only rules that change services and servers can be restored, not -L',
      'rules:6: -Q is no command of ipvsadm',
      'rules:7: Zero port specified for non-persistent service',
      'rules:9: destination 10.0.0.2:80 of tcp 192.0.2.1:80 was added in line 8 already',
      'rules:10: there is no destination 10.0.0.7:80 of tcp 192.0.2.1:80',
      'rules:11: only rules that change services and servers can be restored',
    ]);
  });

  it('of rules builds upon the table that is there', async () => {
    const base = await tableOf(await fileOf(rules));
    const input = await read(
      await fileOf('-A -t 192.0.2.1:80 -s sh\n-A -f 9 -s rr\n-d -t 192.0.2.1:80 -r 10.0.0.1:80\n'),
    );
    const after = input.of(base);
    expect(after.map(({ key, scheduler }) => `${formatServiceKey(key)} ${scheduler}`)).toEqual([
      'tcp 192.0.2.1:80 sh',
      'fwmark 9 rr',
    ]);
    expect(after[0]?.destinations).toEqual([]);
    expect((await read(await fileOf('-C\n-A -f 9\n'))).of(base)).toHaveLength(1);
  });

  it('that is no text is called that', async () => {
    expect(await refusalOf(read(await fileOf('-A -t 192.0.2.1:80\n-A\0\n')))).toBe(
      'rules:2: there is a NUL byte: this is no text',
    );
    const binary = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0x02, 0x01, 0x01, 0x00, 0x0a, 0xff]);
    expect(await refusalOf(read(await fileOf(binary)))).toContain('rules:1: there is a NUL byte');
    const latin = Buffer.from('services:\n  - listen: fwmark 7 # \xe4\n', 'latin1');
    expect(await refusalOf(read(await fileOf(latin, 'a.yaml')))).toBe(
      'a.yaml:2: there are bytes that are not UTF-8',
    );
  });

  it('that cannot be read is told why', async () => {
    const missing = join(folder, 'missing');
    expect(await refusalOf(read(missing))).toBe('cannot read missing: there is no such file');
    expect(await refusalOf(read(folder))).toMatch(/: it is a directory$/);
    const file = await fileOf(rules);
    expect(await refusalOf(read(`${file}/x`))).toMatch(/a part of its path is not a directory$/);
    await symlink('round', join(folder, 'round'));
    expect(await refusalOf(read(join(folder, 'round')))).toMatch(/links go round in a circle$/);
  });

  it('of 100 MB is too long, and so is one without end', async () => {
    const file = await fileOf('');
    await truncate(file, 100_000_000);
    expect(await refusalOf(read(file))).toBe(
      'cannot read rules: it has 96 MiB, more than the 64 MiB that are read',
    );
    expect(await refusalOf(readInput('/dev/zero', 3_000_000, context))).toBe(
      'cannot read /dev/zero: it has more than the 2 MiB that are read',
    );
    const endless = { ...context, stdin: pieces(() => Buffer.alloc(1_000_000, 0x20)) };
    expect(await refusalOf(readInput('-', 3_000_000, endless))).toContain('standard input');
    const more = '# more\n'.repeat(1_500_000);
    expect(await tableOf(await fileOf(`services: []\n${more}`, 'a.yaml'))).toEqual([]);
    const anchored = await fileOf(`services: &all []\n${more}`, 'b.yaml');
    expect(await refusalOf(read(anchored))).toContain(
      'more than 8 MiB of YAML are read only where',
    );
    const wrong = await fileOf(`services:\n  - listen: 7\n${more}`, 'c.yaml');
    expect(await refusalOf(read(wrong))).toContain(
      'c.yaml:1:1: services[0].listen: must be a text',
    );
  });

  it('may be piped in, and the wait for it is over when the user wants it to be', async () => {
    const text = { ...context, stdin: pieces(() => Buffer.from('-A -f 1\n'), 1) };
    expect((await readDesiredTable('-', undefined, text)).of([])).toHaveLength(1);
    const ending = new AbortController();
    const silent = {
      ...context,
      signal: ending.signal,
      stdin: pieces(() => new Promise<Buffer>(() => undefined)),
    };
    const reading = readInput('-', 100, silent);
    ending.abort('SIGINT');
    await expect(reading).rejects.toBe('SIGINT');
  });
});

async function* pieces(next: () => Buffer | Promise<Buffer>, count = Number.POSITIVE_INFINITY) {
  for (let index = 0; index < count; index++) yield await next();
}

describe('a file that is saved', () => {
  it('replaces what was there, whose permissions it keeps', async () => {
    const file = await fileOf('old');
    await chmod(file, 0o640);
    await symlink('rules', join(folder, 'alias'));
    await writeWholeFile(join(folder, 'alias'), ['new ', 'text\n']);
    expect(await readFile(file, 'utf8')).toBe('new text\n');
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it('is written whole or not at all', async () => {
    const file = await fileOf('old');
    await link(file, join(folder, 'same'));
    const failing = function* () {
      yield 'half';
      throw new Error('no more');
    };
    await expect(writeWholeFile(file, failing())).rejects.toThrow('no more');
    expect(await readFile(file, 'utf8')).toBe('old');
    await writeWholeFile(join(folder, 'fresh'), ['x']);
    expect(await readFile(join(folder, 'fresh'), 'utf8')).toBe('x');
  });

  it('is refused where there can be none', async () => {
    await mkdir(join(folder, 'there'));
    expect(await refusalOf(writeWholeFile(join(folder, 'there'), ['x']))).toBe(
      'cannot write there: it is a directory',
    );
    expect(await refusalOf(writeWholeFile(join(folder, 'no/where'), ['x']))).toBe(
      'cannot write no/where: there is no such file',
    );
  });
});
