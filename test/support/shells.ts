import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll } from 'vitest';
import type { Outcome } from './command.ts';

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
  const { exitCode, signal, stdout, stderr } = await execa('nsenter', inside, {
    input: script,
    env: { ...env, ...environment },
    reject: false,
    stripFinalNewline: false,
  });
  return { code: exitCode ?? (signal === undefined ? -1 : 128), stdout, stderr };
}
