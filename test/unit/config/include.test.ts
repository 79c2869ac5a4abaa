import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { loadConfig, readConfig } from '../../../src/config/load.ts';

// Files, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

let folder = '';
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'lvskit-include-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
  }
}

/** All names in messages are under the folder, which is a name of its own every time. */
const plain = (text: string) => text.replaceAll(`${folder}/`, '');

async function problems(file = 'main.yaml'): Promise<readonly string[]> {
  const error = await loadConfig(at(file)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no mistakes: ${error}`);
  return error.problems.map((one) => plain(`${one.file}:${one.line}:${one.column} ${one.message}`));
}

const names = async (file = 'main.yaml') =>
  (await loadConfig(at(file))).services.map(({ name }) => name);

const service = (name: string, port: number) =>
  `services: [{ name: ${name}, listen: "tcp 192.0.2.1:${port}" }]\n`;

describe('include', () => {
  it('brings the services of files, relative to the file that includes them', async () => {
    await write({
      'main.yaml': `include: [conf/b.yaml, "${folder}/z.yaml"]\n${service('main', 1)}`,
      'conf/b.yaml': `include: deeper/c.yaml\n${service('b', 2)}`,
      'conf/deeper/c.yaml': 'include: ../d.json\n',
      'conf/d.json': '{"services":[{"name":"d","listen":"tcp 192.0.2.1:3"}]}',
      'z.yaml': service('z', 4),
    });
    expect(await names()).toEqual(['main', 'b', 'd', 'z']);
    const { files, folders } = await loadConfig(at('main.yaml'));
    expect(files.map(plain)).toEqual([
      'main.yaml',
      'conf/b.yaml',
      'conf/deeper/c.yaml',
      'conf/d.json',
      'z.yaml',
    ]);
    expect(folders).toEqual([]);
  });

  it('takes patterns, whose files come in the order of their names', async () => {
    await write({
      'main.yaml': 'include: ["conf/*.yaml", "sites/?[a-c]/[!x]*.yml", "empty/*.yaml"]\n',
      'conf/20.yaml': service('twenty', 20),
      'conf/10.yaml': service('ten', 10),
      'conf/.hidden.yaml': service('hidden', 1),
      'conf/note.txt': 'no configuration',
      'conf/folder.yaml/x': '',
      'sites/1a/one.yml': service('one', 2),
      'sites/1d/two.yml': service('two', 3),
      'sites/1b/x.yml': service('x', 4),
      'sites/1c/a+b.yml': service('plus', 5),
    });
    await symlink(at('conf/note.txt'), at('conf/zz.txt'));
    expect(await names()).toEqual(['ten', 'twenty', 'one', 'plus']);
    const { folders } = await loadConfig(at('main.yaml'));
    expect(folders.map(plain)).toEqual(
      expect.arrayContaining(['conf', 'sites', 'sites/1a', 'empty']),
    );
  });

  it('takes what is piped in as if it were here', async () => {
    await write({ 'a.yaml': service('a', 1) });
    const bytes = Buffer.from(`include: ${at('a.yaml')}\n`);
    const { services, files } = await readConfig(
      { bytes, isWorldWritable: false },
      'standard input',
      undefined,
    );
    expect(services).toHaveLength(1);
    expect(files.map(plain)).toEqual(['a.yaml']);
  });

  it('follows links, and does not read a file twice through them', async () => {
    await write({
      'main.yaml': 'include: enabled/*.yaml\n',
      'available/a.yaml': `include: part.yaml\n${service('a', 1)}`,
      'enabled/part.yaml': service('part', 2),
    });
    await symlink('../available/a.yaml', at('enabled/a.yaml'));
    // What a link names is relative to where the link is.
    expect(await problems()).toEqual([
      'main.yaml:1:10 enabled/part.yaml is included already by enabled/a.yaml:1',
    ]);
  });

  it('hands the defaults on to what is included, which may say its own', async () => {
    await write({
      'main.yaml': 'defaults: { scheduler: rr, weight: 5 }\ninclude: [a.yaml, b.yaml]\n',
      'a.yaml':
        'defaults: { scheduler: sh, check: tcp }\nservices: [{ listen: fwmark 1, servers: [10.0.0.1:1] }]\n',
      'b.yaml': 'services: [{ listen: fwmark 2, servers: [10.0.0.1:1] }]\n',
    });
    const { services } = await loadConfig(at('main.yaml'));
    expect(services).toMatchObject([
      {
        service: { scheduler: 'sh', destinations: [{ weight: 5 }] },
        servers: [{ check: { probe: { kind: 'tcp' } } }],
      },
      { service: { scheduler: 'rr', destinations: [{ weight: 5 }] } },
    ]);
    expect(services[1]?.servers[0]?.check).toBeUndefined();
  });
});

describe('mistakes around include', () => {
  it('are told all at once, each with the name, line and column of its file', async () => {
    await write({
      'main.yaml': [
        'include: [a.yaml, missing.yaml, conf/*.yaml]',
        'defaults: { persistence: 500ms }',
        'services:',
        '  - { name: web, listen: "tcp 192.0.2.1:80", weigth: 1 }',
        '  - { name: web2, listen: "tcp 192.0.2.1:81" }',
      ].join('\n'),
      'a.yaml': 'services:\n  - { name: web2, listen: "tcp 192.0.2.1:80" }\n',
      'conf/b.yaml': 'services: [\n',
      'conf/c.yaml': '',
      'conf/d.yaml': 'metrics: { listen: "127.0.0.1:1" }\nservces: []\ninclude: 5\n',
    });
    await writeFile(at('conf/e.yaml'), Buffer.from('services: []\n# \xff\n', 'latin1'));
    await writeFile(at('conf/f.yaml'), 'services: []\n\0');
    await mkdir(at('conf/g'));
    expect(await problems()).toEqual([
      'main.yaml:1:19 cannot read missing.yaml: there is no such file',
      'main.yaml:2:26 must be whole seconds, from 1s to 4294967s',
      'main.yaml:4:46 unknown key "weigth"',
      'a.yaml:2:13 the name web2 is taken by main.yaml:5',
      'a.yaml:2:27 tcp 192.0.2.1:80 is listened to already by main.yaml:4',
      'conf/b.yaml:2:1 flow sequence in block collection must be sufficiently indented and end with a ]',
      'conf/c.yaml:1:1 there is nothing in it; an empty table is written "services: []"',
      'conf/d.yaml:1:1 metrics belongs in the main file, and not in one that is included',
      'conf/d.yaml:2:1 unknown key "servces"',
      'conf/d.yaml:3:10 must be a text or a list, not 5',
      'conf/e.yaml:2:1 there are bytes that are not UTF-8',
      'conf/f.yaml:2:1 there is a NUL byte: this is no text',
    ]);
    const text = await loadConfig(at('main.yaml')).catch(String);
    expect(text).toMatch(/main\.yaml, with what it includes, has \d+ mistakes\n/);
  });

  it('are circles, which are shown, also through links', async () => {
    await write({
      'main.yaml': 'include: a.yaml\n',
      'a.yaml': 'include: b.yaml\n',
      'b.yaml': 'include: [main.yaml, b.yaml, link.yaml, loop.yaml]\n',
    });
    await symlink('a.yaml', at('link.yaml'));
    await symlink('loop.yaml', at('loop.yaml'));
    expect(await problems()).toEqual([
      'b.yaml:1:11 a file cannot include itself: main.yaml -> a.yaml -> b.yaml -> main.yaml',
      'b.yaml:1:22 a file cannot include itself: b.yaml -> b.yaml',
      'b.yaml:1:30 a file cannot include itself: a.yaml -> b.yaml -> link.yaml',
      'b.yaml:1:41 cannot read loop.yaml: its symbolic links go round in a circle',
    ]);
  });

  it('are files too deep, too many, or no files', async () => {
    const chain = Array.from({ length: 12 }, (_, depth) => [
      `d${depth}.yaml`,
      `include: d${depth + 1}.yaml\n`,
    ]);
    await write(Object.fromEntries(chain));
    expect(await problems('d0.yaml')).toEqual([
      'd8.yaml:1:10 more than 8 files within each other are not read',
    ]);
    await write({
      'main.yaml': 'include: [folder, "", "**/*.yaml", /dev/null, "many/*"]\n',
      'folder/x': '',
    });
    await mkdir(at('many'));
    for (let file = 0; file < 1000; file++) {
      await writeFile(at(`many/${String(file).padStart(4, '0')}`), 'services: []\n');
    }
    expect(await problems()).toEqual([
      'main.yaml:1:11 cannot read folder: it is no file',
      'main.yaml:1:19 must be the path of a file, or one with *, ? or [a-z] in its names',
      'main.yaml:1:23 must be the path of a file, or one with *, ? or [a-z] in its names',
      'main.yaml:1:36 cannot read /dev/null: it is no file',
      'main.yaml:1:47 more than 1000 files are not read',
    ]);
  });

  it('of the main file itself are told of it', async () => {
    await expect(loadConfig(at('none.yaml'))).rejects.toMatchObject({
      code: 'TEXT_UNREADABLE',
      message: `cannot read ${at('none.yaml')}: there is no such file`,
    });
    await expect(loadConfig(folder)).rejects.toThrow('it is a directory');
    await write({ 'main.yaml': 'defaults: {}\n' });
    expect(await problems()).toEqual(['main.yaml:1:1 the key "services" is missing']);
  });
});

describe('a file that everybody may write to', () => {
  it('is doubtful', async () => {
    await write({ 'main.yaml': 'include: a.yaml\n', 'a.yaml': service('a', 1) });
    await chmod(at('a.yaml'), 0o666);
    const { warnings } = await loadConfig(at('main.yaml'));
    expect(warnings.map(({ file, message }) => plain(`${file}: ${message}`))).toEqual([
      'a.yaml: everybody may write to this file, and so decide what the director does',
    ]);
  });
});
