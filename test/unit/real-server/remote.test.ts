import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRemoteHost } from '../../../src/real-server/remote/remote-host.ts';
import { runEverywhere } from '../../../src/real-server/remote/run-everywhere.ts';
import { runScriptOn } from '../../../src/real-server/remote/run-script.ts';

describe('parseRemoteHost', () => {
  it.each([
    ['rs1', 'rs1', undefined],
    ['root@rs1.example', 'root@rs1.example', undefined],
    ['root@10.0.0.1:2222', 'root@10.0.0.1', 2222],
    ['2001:db8::11', '2001:db8::11', undefined],
    ['root@[2001:db8::11]:22', 'root@2001:db8::11', 22],
    ['root@[fe80::1%eth0]', 'root@fe80::1%eth0', undefined],
  ])('reads %s', (text, target, port) => {
    expect(parseRemoteHost(text)).toEqual({ text, target, port });
  });

  it.each(['', 'root@', '-oProxyCommand=x', 'root@-x', 'rs1:0', 'rs1:70000', 'a b', 'rs1:x'])(
    'refuses "%s"',
    (text) => expect(() => parseRemoteHost(text)).toThrow('is no host such as'),
  );
});

describe('a script over ssh', () => {
  const path = process.env['PATH'];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lvskit-ssh-'));
    process.env['PATH'] = `${folder}:${path}`;
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  });

  /** Puts a program in the place of ssh. */
  async function standIn(script: string): Promise<void> {
    const file = join(folder, 'ssh');
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }
  const host = parseRemoteHost('root@rs1:2222');

  it('goes in by standard input, with no question asked', async () => {
    await standIn('printf "%s\\n" "$@"; cat; echo oops >&2; exit 3');
    const result = await runScriptOn(host, 'the script', ['apply'], { sshOptions: ['A=b'] });
    expect(result).toMatchObject({ exitCode: 3, stderr: 'oops\n' });
    expect(result.stdout).toMatch(
      /^-T\n-o\nA=b\n-o\nBatchMode=yes\n-o\nConnectTimeout=10\n-p\n2222\n--\nroot@rs1\nsh -c '/,
    );
    expect(result.stdout).toMatch(/' sh apply\nthe script$/);
  });

  it('is given up when the host takes too long, or says too much', async () => {
    await standIn('exec sleep 60');
    const slow = await runScriptOn(host, '', [], { timeoutMs: 100 });
    expect(slow).toMatchObject({ exitCode: undefined });
    expect(slow.stderr).toContain('not done within 0.1 s');
    await standIn('exec yes');
    const loud = await runScriptOn(host, '', []);
    expect(loud).toMatchObject({ exitCode: undefined, stderr: 'it says too much' });
    expect(loud.stdout.length).toBeLessThanOrEqual(256 * 1024);
  });

  it('does not let a host steer the terminal', async () => {
    await standIn(`printf '\\033[31mred\\007\\n'`);
    expect((await runScriptOn(host, '', [])).stdout).toBe(' [31mred \n');
  });

  it('runs on so many hosts at once and no more, in the order that they were given', async () => {
    await standIn(
      `mkdir "${'$'}{0%/*}/run.$$"; set -- "${'$'}{0%/*}"/run.*; echo $#; sleep 0.2; rmdir "${'$'}{0%/*}/run.$$"`,
    );
    const hosts = ['a', 'b', 'c', 'd', 'e'].map(parseRemoteHost);
    const results = await runEverywhere(hosts, '', [], { parallel: 2 });
    expect(results.map((result) => result.host.text)).toEqual(['a', 'b', 'c', 'd', 'e']);
    const most = Math.max(...results.map(({ stdout }) => Number(stdout)));
    expect(most).toBeLessThanOrEqual(2);
  });
});
