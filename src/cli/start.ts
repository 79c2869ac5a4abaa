import { constants } from 'node:os';
import { main } from './main.ts';
import type { NamedProgram } from './named-program.ts';

/** Runs a program as this process: its words, its streams, its signals, its exit code. */
export async function start(program: NamedProgram): Promise<void> {
  const ending = new AbortController();
  // The first signal lets the command clean up; the second one does not wait for that.
  const end = (name: NodeJS.Signals) => {
    if (ending.signal.aborted) process.exit(128 + constants.signals[name]);
    ending.abort(name);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, end);
  const hangups = new Set<() => void>();
  process.on('SIGHUP', (name) => {
    if (hangups.size === 0) end(name);
    for (const listener of hangups) listener();
  });
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that went away, as in `lvskit lab | head`. Node ignores the signal for that.
    stream.on('error', () => ending.abort('SIGPIPE'));
  }
  const context = {
    stdout: process.stdout,
    stderr: process.stderr,
    get stdin() {
      // Opened when it is read from: looking at a terminal's keeps the process up.
      return process.stdin;
    },
    environment: process.env,
    signal: ending.signal,
    onHangup: (listener: () => void) => {
      hangups.add(listener);
      return () => hangups.delete(listener);
    },
  };
  process.exitCode = await main(process.argv.slice(2), context, program);
}
