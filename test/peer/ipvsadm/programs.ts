import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Outcome, Step } from './outcome.ts';

const bin = fileURLToPath(new URL('../../../bin', import.meta.url));

/** Where our programs have the names of the real ones, as they have in their place. */
export async function withOurPrograms<Result>(
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(`${tmpdir()}/lvskit-peer-`);
  try {
    for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore']) {
      await symlink(`${bin}/lvskit-${name}`, `${folder}/${name}`);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Runs one of the programs as a process of its own, in the namespace with this path. A shell passes
 * on bytes that are not to be had of JavaScript's strings.
 */
export async function runProgram(
  whose: 'real' | 'ours',
  netns: string,
  { words, input = '' }: Step,
  program = 'ipvsadm',
): Promise<Outcome> {
  return await withOurPrograms(async (folder) => {
    const script = `${folder}/script`;
    await writeFile(script, `exec ${[program, ...words].map(quoted).join(' ')}\n`, 'latin1');
    const result = await execa('nsenter', [`--net=${netns}`, 'sh', script], {
      input: Buffer.from(input, 'latin1'),
      encoding: 'buffer',
      reject: false,
      stripFinalNewline: false,
      env: whose === 'ours' ? { PATH: `${folder}:${process.env['PATH']}` } : {},
    });
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
    return {
      status: result.signal ?? result.exitCode ?? `not started: ${result.code}`,
      stdout: text(result.stdout),
      stderr: text(result.stderr),
    };
  });
}
