import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect } from 'vitest';

export const scripts: string = fileURLToPath(new URL('../../scripts', import.meta.url));
export const program: string = `${scripts}/in-kernel`;

// Without an input a run would be given a pipe, which costs a guest another program.
const text = { reject: false, stripFinalNewline: false, stdin: 'ignore' } as const;
const bytes = { reject: false, encoding: 'buffer' } as const;

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `in-kernel` with exactly these arguments. */
export function inKernel(args: readonly string[], { cwd = '.', env = {} }: Surroundings = {}) {
  return execa(program, args, { ...text, cwd, env: { LVSKIT_KERNEL: '', ...env } });
}

/** Starts a program in a 6.1 guest with this piped to it, for output that is not text. */
export function bytesInGuest(command: readonly string[], input: Uint8Array, cwd: string) {
  const options = { ...bytes, input, cwd };
  return execa(program, ['--kernel', '6.1', '--', ...command], options);
}

/** Starts a program in a 6.1 guest with this open file as its input. */
export function fedInGuest(command: readonly string[], descriptor: number) {
  return spawn(program, ['--kernel', '6.1', '--', ...command], {
    stdio: [descriptor, 'pipe', 'ignore'],
  });
}

/** Starts a shell command line in a 6.1 guest. */
export function inGuest(script: string, ...options: readonly string[]) {
  return inKernel(['--kernel', '6.1', ...options, '--', 'bash', '-c', script]);
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

async function processes(): Promise<Process[]> {
  const found: Process[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) {
      continue;
    }
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const fields = /^\d+ \((.*)\) ([A-Z]) (\d+)/s.exec(stat);
    if (fields !== null && fields[2] !== 'Z') {
      found.push({ pid: Number(entry), parent: Number(fields[3]), name: fields[1] ?? '' });
    }
  }
  return found;
}

/** A process and everything below it, in the order of their numbers. */
export async function familyOf(pid: number | undefined): Promise<Process[]> {
  const all = await processes();
  const family = all.filter((process) => process.pid === pid);
  for (const member of family) {
    family.push(...all.filter((process) => process.parent === member.pid));
  }
  return family.sort((a, b) => a.pid - b.pid);
}

/** Fails unless every one of these processes has gone, or goes within a second. */
export async function expectGone(family: readonly Process[]): Promise<void> {
  expect(family.map((process) => process.name)).toContain('linux.uml');
  await expect
    .poll(async () => {
      const left = new Set((await processes()).map((process) => process.pid));
      return family.filter((process) => left.has(process.pid));
    })
    .toEqual([]);
}

/** What a run could leave behind besides processes. */
export async function traces(): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const files = await Promise.all(
    ['/tmp', '/run', '/dev/shm', process.env['HOME'] ?? '/'].map(async (directory) =>
      (await readdir(directory)).map((name) => `${directory}/${name}`),
    ),
  );
  return [...mounts, ...files.flat()].filter((trace) => /in-kernel|\.uml|vm_file/.test(trace));
}
