import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Outcome, Step } from './outcome.ts';

const bin = fileURLToPath(new URL('../../../bin', import.meta.url));

/** Where our programs have the names of the real ones, as they have in their place. */
async function withOurPrograms<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
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

/** A command, and the program that it is for; a shell's script may call any of them. */
export interface ProgramStep extends Step {
  readonly program?: 'ipvsadm' | 'ipvsadm-save' | 'ipvsadm-restore' | 'sh' | undefined;
}

/**
 * Runs the steps as processes of their own, one after the other in the namespace with this path. A
 * shell starts them all: it passes on bytes that are not to be had of JavaScript's strings, and is
 * quicker to copy itself than Node.
 */
export async function runPrograms(
  whose: 'real' | 'ours',
  netns: string,
  steps: readonly ProgramStep[],
): Promise<readonly Outcome[]> {
  return await withOurPrograms(async (folder) => {
    const lines = steps.map(({ program = 'ipvsadm', words }, index) => {
      const command = [program, ...words].map(quoted).join(' ');
      return `${command} <input.${index} >output.${index} 2>errors.${index}; echo $? >status.${index}\n`;
    });
    await writeFile(`${folder}/script`, lines.join(''), 'latin1');
    for (const [index, { input = '' }] of steps.entries()) {
      await writeFile(`${folder}/input.${index}`, input, 'latin1');
    }
    await execa('nsenter', [`--net=${netns}`, 'sh', 'script'], {
      cwd: folder,
      env: whose === 'ours' ? { PATH: `${folder}:${process.env['PATH']}` } : {},
    });
    const kept = (name: string) => readFile(`${folder}/${name}`, 'latin1');
    const outcomes = [];
    for (const index of steps.keys()) {
      outcomes.push({
        status: Number(await kept(`status.${index}`)),
        stdout: await kept(`output.${index}`),
        stderr: await kept(`errors.${index}`),
      });
    }
    return outcomes;
  });
}
