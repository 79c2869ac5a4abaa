import { once } from 'node:events';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectGone, familyOf, fedInGuest, inGuest, traces } from './in-kernel-run.ts';

/** Until a run has written its first output: the command is up. */
function running(run: { readonly stdout: Readable | null }): Promise<void> {
  return new Promise((resolve) => {
    run.stdout?.once('data', () => resolve());
  });
}

async function endlessPipe(): Promise<FileHandle> {
  const directory = await mkdtemp('/tmp/lvskit-pipe-');
  await execa`mkfifo ${directory}/pipe`;
  const pipe = await open(`${directory}/pipe`, 'r+');
  await rm(directory, { recursive: true });
  return pipe;
}

describe('a signal to in-kernel', () => {
  it('reaches the command, which may clean up and choose its status', async () => {
    const run = inGuest('trap "echo cleaned; exit 42" INT; echo up; while :; do sleep 0.1; done');
    await running(run);
    run.kill('SIGINT');
    expect(await run).toMatchObject({ exitCode: 42, stdout: 'up\ncleaned\n', stderr: '' });
  });

  it('ends a command that does nothing about it', async () => {
    const run = inGuest('echo up; exec sleep 100');
    await running(run);
    run.kill('SIGTERM');
    expect(await run).toMatchObject({ exitCode: 143, stdout: 'up\n', stderr: '' });
  });

  it('ends the guest when it is the third one without an answer', async () => {
    const run = inGuest('trap "" INT TERM; echo up; sleep 100; sleep 100');
    await running(run);
    const family = await familyOf(run.pid);
    for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM'] as const) {
      run.kill(signal);
      await sleep(200);
    }
    expect(await run).toMatchObject({
      exitCode: 143,
      stderr: expect.stringContaining('ended by the third signal'),
    });
    await expectGone(family);
  });
});

describe('a guest that ends early', () => {
  it('is ended at the timeout, with the end of its console', async () => {
    const before = await traces();
    const run = inGuest('echo up; sleep 100 & sleep 100', '--timeout', '8');
    await running(run);
    const family = await familyOf(run.pid);
    const { exitCode, stdout, stderr } = await run;
    expect(exitCode).toBe(124);
    expect(stdout).toBe('up\n');
    expect(stderr).toContain('ended at the timeout of 8 s');
    expect(stderr).toMatch(/\nRun \S+\/guest-init as init process\n/);
    expect(stderr.split('\n').length).toBeLessThan(40);
    await expectGone(family);
    expect(await traces()).toEqual(before);
  });

  it.for([
    ['a panic', 'echo c >/proc/sysrq-trigger', /^in-kernel: the guest ended with a Kernel panic/],
    ['a halt', 'busybox poweroff -f', /^in-kernel: the guest stopped before the command ended\n/],
    ['a reboot', 'busybox reboot -f', /^in-kernel: the guest stopped before the command ended\n/],
  ] as const)('after %s has status 125', async ([, script, message]) => {
    // What a guest has written may be lost when it ends at once.
    const run = await inGuest(`echo up; sleep 2; ${script}; sleep 100`);
    expect(run).toMatchObject({ exitCode: 125, stdout: 'up\n' });
    expect(run.stderr).toMatch(message);
  });

  it('leaves nothing behind after kill -9', async () => {
    const before = await traces();
    const run = inGuest('echo up; sleep 100 & sleep 100');
    await running(run);
    const family = await familyOf(run.pid);
    process.kill(family.find(({ name }) => name === 'linux.uml')?.pid ?? Number.NaN, 'SIGKILL');
    const { exitCode, stderr } = await run;
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(
      /^in-kernel: the guest was killed\nin-kernel: the end of its console:\n/,
    );
    await expectGone(family);
    expect(await traces()).toEqual(before);
  });

  it('goes with in-kernel when that is killed with -9, input and all', async () => {
    const before = await traces();
    // Open for writing as well, it never comes to its end.
    const pipe = await endlessPipe();
    onTestFinished(() => pipe.close());
    const run = fedInGuest(['bash', '-c', 'echo up; sleep 100'], pipe.fd);
    await running(run);
    const family = await familyOf(run.pid);
    const exit = once(run, 'exit');
    run.kill('SIGKILL');
    expect(await exit).toEqual([null, 'SIGKILL']);
    await expectGone(family);
    expect(await traces()).toEqual(before);
  });

  it('takes with it what the command left running', async () => {
    const run = await inGuest('sleep 100 & echo done');
    expect(run).toMatchObject({ exitCode: 0, stdout: 'done\n', stderr: '' });
  });
});
