import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../src/health/check-result.ts';
import { distrust } from '../../../src/health/checks/trusted-path.ts';
import { systemClock } from '../../../src/health/clock.ts';
import { runCheck } from '../../../src/health/run-check.ts';
import { systemTransport } from '../../../src/health/system-transport.ts';
import { ask } from '../../support/check-server.ts';

let folder: string;

beforeAll(async () => {
  // Where everybody may go and only we may write: a program that is nobody's has to get there.
  const parent = process.getuid?.() === 0 ? '/var' : homedir();
  folder = await mkdtemp(join(parent, 'lvskit-exec-'));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function script(name: string, lines: string, mode = 0o755): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, mode);
  return path;
}

const run = async (path: string, ...words: readonly string[]): Promise<CheckResult> =>
  await ask({ kind: 'exec', command: [path, ...words] }, 0);

describe('a check by a program', () => {
  it('passes by its exit status, and tells what it wrote', async () => {
    const path = await script('status', 'echo "it is $1"; exit $2');
    expect(await run(path, 'well; $(id)', '0')).toMatchObject({
      passed: true,
      code: 'PROCOK',
      detail: 'it is well; $(id)',
    });
    expect(await run(path, 'ill', '3')).toMatchObject({
      passed: false,
      code: 'PROCERR',
      detail: 'exit status 3: it is ill',
    });
  });

  it('gives it no capability, no way to get one, and nothing of our environment', async () => {
    process.env['LVSKIT_TEST_SECRET'] = 'hush';
    const path = await script(
      'rights',
      [
        'grep -E "^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs)" /proc/self/status | tr -d "\\t\\n"',
        'grep -qzE "^(LVSKIT|HOME|NODE)" /proc/$$/environ && printf " leak"',
        'printf " %s %s" "$(pwd)" "$(cut -d" " -f5,6 /proc/$$/stat | tr " " =)"',
        'ulimit -c | sed "s/^/ core /"',
      ].join('\n'),
    );
    const { detail, passed } = await run(path);
    delete process.env['LVSKIT_TEST_SECRET'];
    const none = '0000000000000000';
    const [rights, place, group] = detail.split(' ');
    expect(rights).toBe(`CapInh:${none}CapPrm:${none}CapEff:${none}CapAmb:${none}NoNewPrivs:1`);
    expect([passed, place]).toEqual([true, '/']);
    // It leads its own group and session.
    const [own, session] = (group ?? '').split('=');
    expect(own).toBe(session);
    expect(detail).toContain('core 0');
  });

  it('ends it with all that it has started when its time is up', async () => {
    const path = await script('hang', `sleep 1000 & echo $! > "$1"; chmod 644 "$1"; sleep 1000`);
    const pidFile = join(folder, 'pid');
    await writeFile(pidFile, '');
    await chmod(pidFile, 0o666);
    const probe = { kind: 'exec', command: [path, pidFile] } as const;
    const running = runCheck(probe, { address: '', port: 0 }, 60_000, {
      clock: systemClock,
      transport: systemTransport,
    });
    let child = '';
    while (child === '') {
      await new Promise((resolve) => setTimeout(resolve, 5));
      child = (await readFile(pidFile, 'utf8')).trim();
    }
    running.cancel();
    expect(await running.result).toMatchObject({ passed: false });
    const isAlive = async () => {
      const stat = await readFile(`/proc/${child}/stat`, 'utf8').catch(() => '');
      return stat !== '' && !/\) [ZX] /.test(stat);
    };
    while (await isAlive()) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('reports one that takes too long as that', async () => {
    const path = await script('slow', 'sleep 1000');
    expect(await ask({ kind: 'exec', command: [path] }, 0, 150)).toMatchObject({
      passed: false,
      code: 'PROCTOUT',
      detail: 'no answer within 150 ms',
    });
  });

  it('does not wait for what it leaves behind, nor reads without end', async () => {
    const leaves = await script('leaves', 'sleep 1000 & echo gone');
    expect(await run(leaves)).toMatchObject({ passed: true, detail: 'gone' });
    const floods = await script('floods', 'while :; do printf "%01000d" 0; done');
    expect(await run(floods)).toMatchObject({ passed: false, code: 'PROCERR' });
  });

  it('says when a program cannot be started', async () => {
    const path = await script('plain', 'exit 0', 0o644);
    expect(await run(path)).toMatchObject({ passed: false, code: 'PROCERR' });
    expect(await run(join(folder, 'missing'))).toMatchObject({
      code: 'SOCKERR',
      detail: expect.stringContaining('no such file'),
    });
  });

  it('is not run when others could have written it', async () => {
    const path = await script('shared', 'exit 0', 0o777);
    expect(await run(path)).toMatchObject({
      passed: false,
      code: 'SOCKERR',
      detail: `${path} is not run: ${path} can be written by others`,
    });
  });
});

describe('a path is trusted', () => {
  it('when every part of it belongs to root or to us, and nobody else can write there', async () => {
    const path = await script('good', 'exit 0');
    expect(await distrust(path)).toBeUndefined();
    const inner = join(folder, 'open');
    await mkdir(inner);
    const within = join(inner, 'program');
    await writeFile(within, '');
    await chmod(within, 0o755);
    await chmod(inner, 0o777);
    expect(await distrust(within)).toBe(`${inner} can be written by others`);
    await chmod(inner, 0o1777);
    expect(await distrust(within)).toBeUndefined();
    expect(await distrust(path, 4242)).toBe(
      process.getuid?.() === 0 ? undefined : `${folder} belongs to user ${process.getuid?.()}`,
    );
  });

  it('when what links lead to is trusted as well', async () => {
    const target = await script('target', 'exit 0', 0o777);
    const link = join(folder, 'link');
    await symlink('target', link);
    expect(await distrust(link)).toBe(`${target} can be written by others`);
    await chmod(target, 0o755);
    expect(await distrust(link)).toBeUndefined();
    await symlink(folder, join(folder, 'here'));
    expect(await distrust(join(folder, 'here', 'link'))).toBeUndefined();
    await symlink('round', join(folder, 'round'));
    expect(await distrust(join(folder, 'round'))).toContain('too many symbolic links');
  });

  it('when it is the whole path of an ordinary file', async () => {
    expect(await distrust('bin/true')).toBe('its path is not absolute');
    expect(await distrust('/usr/bin/true\0')).toBe('its path is not absolute');
    expect(await distrust(folder)).toBe(`${folder} is no ordinary file`);
    expect(await distrust('/dev/null')).toBeDefined();
    expect(await distrust(join(folder, 'good', 'x'))).toBeDefined();
    expect(await distrust('/usr/bin/setpriv')).toBeUndefined();
  });
});
