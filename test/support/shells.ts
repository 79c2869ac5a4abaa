import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Outcome, rsSetup } from './command.ts';
import type { Machine } from './machine.ts';
import { runProgram } from './small-process.ts';

/** What a script may rely on besides a shell. */
const applets = ['cat', 'id', 'mkdir', 'mv', 'readlink', 'rm', 'rmdir', 'sed'] as const;

export type Shell = 'dash' | 'busybox';

let folder = '';

/** Has a folder with nothing but busybox for programs while the tests of a file run. */
export function prepareShells(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lvskit-busybox-'));
    for (const name of applets) await symlink('/bin/busybox', join(folder, name));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
}

/** Runs a script in a network namespace: with dash and this machine's programs, or busybox for all. */
export async function runScript(
  shell: Shell,
  netns: string,
  script: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const path = process.env['PATH'] ?? '';
  const [program, first, env] =
    shell === 'dash'
      ? (['dash', [], { PATH: path }] as const)
      : (['busybox', ['sh'], { PATH: `${folder}:${path}` }] as const);
  const inside = [`--net=/run/netns/${netns}`, program, ...first, '-s', ...words];
  const { exitCode, stdout, stderr } = await runProgram(['nsenter', ...inside], {
    input: script,
    environment: { ...env, ...environment },
  });
  return { code: exitCode, stdout, stderr };
}

/** The script that `rs-setup script WORDS…` prints. */
export async function scriptFor(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await rsSetup(['script', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** Runs a script on a machine. */
export function scriptOn({ name, root }: Machine, script: string, shell: Shell = 'dash') {
  return (...words: string[]): Promise<Outcome> =>
    runScript(shell, name, script, words, { LVSKIT_ROOT: root });
}
