import { spawn } from 'node:child_process';
import type { ExecProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed } from '../check-result.ts';
import { cannotConfine, confined } from './confinement.ts';
import { distrust } from './trusted-path.ts';

/** So much of what a program writes is kept; one that writes far more is ended. */
const mostKept = 4096;
const mostWritten = 1 << 20;
/** How long to wait for what a program has written when it has ended. */
const lastWordsMs = 100;

/** All that a program gets to know of our environment. */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** A program ends with 0. It is run without a shell, and without a capability. */
export async function checkExec({ command }: ExecProbe, attempt: Attempt): Promise<Passed> {
  attempt.phase = 'PROC';
  const [path] = command;
  // Looked at each time: what was sound at the start may not be now.
  const reason = (await cannotConfine()) ?? (await distrust(path));
  if (reason !== undefined) throw new CheckFailure('SOCKERR', `${path} is not run: ${reason}`);
  if (attempt.isOver) return await attempt.cut;
  const { status, signal, output } = await Promise.race([run(command, attempt), attempt.cut]);
  const words = output === '' ? '' : `: ${output}`;
  if (signal !== null) throw new CheckFailure('PROCERR', `ended by ${signal}${words}`);
  if (status !== 0) throw new CheckFailure('PROCERR', `exit status ${status}${words}`);
  return { code: 'PROCOK', detail: output === '' ? 'exit status 0' : output };
}

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote, the first of it, without the end of the line. */
  readonly output: string;
}

function run(command: ExecProbe['command'], attempt: Attempt): Promise<Ended> {
  const [program, ...words] = confined(command);
  return new Promise((resolve, reject) => {
    // Detached: it leads a group of its own, which can be ended as a whole.
    const child = spawn(program, words, {
      cwd: '/',
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child.on('error', (error) => reject(new CheckFailure('SOCKERR', error.message)));
    // Not started: without a descriptor to be had it has not even pipes.
    if (child.pid === undefined) return;
    const { pid } = child;
    const kept: Buffer[] = [];
    let written = 0;
    let isEnded = false;
    const endGroup = (): void => {
      // Once it has ended and its group with it, the number may be somebody else's.
      if (isEnded) return;
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // Nobody of it is left.
      }
    };
    attempt.defer(() => {
      endGroup();
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    });
    const take = (chunk: Buffer): void => {
      if (written < mostKept) kept.push(chunk.subarray(0, mostKept - written));
      written += chunk.length;
      if (written > mostWritten) endGroup();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('exit', (status, signal) => {
      endGroup();
      isEnded = true;
      const done = (): void => {
        clearTimeout(timer);
        resolve({ status, signal, output: Buffer.concat(kept).toString().trim() });
      };
      // What it wrote last may be on its way. Who has left its group may hold its output for ever.
      const timer = setTimeout(done, lastWordsMs);
      child.once('close', done);
    });
  });
}
