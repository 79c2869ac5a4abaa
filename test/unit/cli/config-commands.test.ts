import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lvskit } from '../../support/command.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-check-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, ...lines: readonly string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

describe('lvskit check', () => {
  it('says what is in a file that is right, and what is doubtful', async () => {
    const file = await fileOf(
      'lvskit.yaml',
      'services:',
      '  - listen: tcp 192.0.2.1:80',
      '    scheduler: wcl',
      '    check: { all: [icmp, tcp] }',
      '    servers: [10.0.0.1, { address: 10.0.0.2, check: none }, 10.0.0.3]',
    );
    expect(await lvskit(['check', file])).toEqual({
      code: 0,
      stdout: `${file} is right: 1 service, 3 servers, 4 checks\n`,
      stderr: `lvskit: warning: ${file}:3:16: Linux itself has no scheduler "wcl" (did you mean "wlc"?)\n      scheduler: wcl\n                 ^^^\n`,
    });
  });

  it('tells mistakes, also of what is included, and ends with 2', async () => {
    await fileOf('part.yaml', 'services: [{ listen: tcp 192.0.2.1:80, wieght: 2 }]');
    const file = await fileOf('lvskit.yaml', 'include: part.yaml', 'directr: {}');
    expect(await lvskit(['check', file])).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        `lvskit: ${file}, with what it includes, has 2 mistakes`,
        `${file}:2:1: unknown key "directr" (did you mean "director"?)`,
        '  directr: {}',
        '  ^^^^^^^',
        `${join(folder, 'part.yaml')}:1:40: unknown key "wieght" (did you mean "weight"?)`,
        '  services: [{ listen: tcp 192.0.2.1:80, wieght: 2 }]',
        '                                         ^^^^^^',
        '',
      ].join('\n'),
    });
    const { code, stdout, stderr } = await lvskit(['check', file, '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      file,
      valid: false,
      problems: [
        { severity: 'error', file, line: 2, column: 1, length: 7, suggestion: 'director' },
        { severity: 'error', file: join(folder, 'part.yaml'), line: 1, column: 40, length: 6 },
      ],
    });
  });

  it.each(['check', 'plan', 'apply'])(
    'and its like (%s) end with 2 without a file',
    async (name) => {
      const file = join(folder, 'none.yaml');
      expect(await lvskit([name, file])).toEqual({
        code: 2,
        stdout: '',
        stderr: `lvskit: cannot read ${file}: there is no such file\n`,
      });
    },
  );
});
