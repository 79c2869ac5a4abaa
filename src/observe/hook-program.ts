import { spawn } from 'node:child_process';
import type { ExecHook } from '../config/hooks.ts';
import { cannotConfine, confined } from '../health/checks/confinement.ts';
import { distrust } from '../health/checks/trusted-path.ts';
import type { DirectorEvent } from './director-event.ts';
import { eventText } from './event-text.ts';
import { toJson } from './json.ts';

const mostKept = 1024;
/** How long to wait for what a program has written when it has ended. */
const lastWordsMs = 1000;

/**
 * Runs a program with an event as JSON on its standard input. It has no shell, no capability, and
 * nothing of our environment but what the event says; what it leaves behind of its group is ended
 * with it.
 */
export async function runHookProgram(
  { command }: ExecHook,
  event: DirectorEvent,
  signal: AbortSignal,
): Promise<void> {
  const [path] = command;
  // Looked at each time: what was sound at the start may not be now.
  const reason = (await cannotConfine()) ?? (await distrust(path));
  if (reason !== undefined) throw new Error(`it is not run: ${reason}`);
  signal.throwIfAborted();
  const [program, ...words] = confined(command);
  await new Promise<void>((resolve, reject) => {
    // It leads a group of its own, which can be ended as a whole.
    const child = spawn(program, words, {
      cwd: '/',
      env: environmentOf(event),
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    child.once('error', reject);
    const { pid } = child;
    if (pid === undefined) return;
    const kept: Buffer[] = [];
    let length = 0;
    child.stderr.on('data', (chunk: Buffer) => {
      if (length < mostKept) kept.push(chunk.subarray(0, mostKept - length));
      length += chunk.length;
    });
    const endGroup = () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // Nobody of it is left.
      }
    };
    signal.addEventListener('abort', endGroup, { once: true });
    child.once('exit', (status, ended) => {
      signal.removeEventListener('abort', endGroup);
      endGroup();
      const done = (): void => {
        clearTimeout(timer);
        child.stderr.destroy();
        child.stdin.destroy();
        const words = Buffer.concat(kept)
          .toString()
          .replaceAll(/[\p{Cc}\s]+/gu, ' ')
          .trim();
        const said = words === '' ? '' : `: ${words}`;
        if (signal.aborted) reject(signal.reason);
        else if (ended !== null) reject(new Error(`ended by ${ended}${said}`));
        else if (status !== 0) reject(new Error(`exit status ${status}${said}`));
        else resolve();
      };
      // What it wrote last may be on its way. Who has left its group may hold its output for ever.
      const timer = setTimeout(done, lastWordsMs);
      child.once('close', done);
    });
    // It need not read it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${toJson(event)}\n`);
  });
}

function environmentOf(event: DirectorEvent): Readonly<Record<string, string>> {
  const about = event as { readonly service?: string; readonly server?: string };
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    LVSKIT_EVENT: event.event,
    LVSKIT_TEXT: eventText(event).replaceAll('\0', ''),
    ...(about.service !== undefined && { LVSKIT_SERVICE: about.service }),
    ...(about.server !== undefined && { LVSKIT_SERVER: about.server }),
  };
}
