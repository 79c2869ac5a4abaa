import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import type { ControlClient } from '../../control/client.ts';
import type { OverrideDocument, StatusDocument } from '../../control/documents.ts';
import { plural } from '../../reconcile/describe.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import {
  addDirectorOptions,
  addServerArguments,
  type DirectorOptions,
  directorExitStatus,
  directorOf,
} from '../director-options.ts';
import { exitCode, exitCodeOfSignal } from '../exit-code.ts';
import { writeDocument } from '../output/document.ts';

export const details: CommandDetails = {
  text: [
    `Gives a server no new connections, and shows how those that are established run off. It ends
    when none is left, or when the time of --wait is over; --wait 0s does not wait at all. However it
    ends, also by Ctrl-C, the server goes on draining, over restarts of the director too, until
    lvskit ready.`,
    `Clients of a persistent service go on being sent to it until their time is over, unless the sysctl
    net.ipv4.vs.expire_quiescent_template is 1.`,
  ],
  examples: [
    { command: 'lvskit drain web 10.0.0.11 --wait 10m', what: 'for ten minutes at most' },
    {
      command: 'lvskit drain web 10.0.0.11 && lvskit maint web 10.0.0.11',
      what: 'then take it out',
    },
  ],
  exitStatus: [
    [0, 'no connection is left, or it was not to wait'],
    ...directorExitStatus.filter(([code]) => code > 0 && code < 3),
    [3, 'connections are left after the time of --wait'],
    [77, 'not permitted'],
  ],
};

interface DrainOptions extends DirectorOptions {
  readonly wait?: number;
}

/** What `lvskit drain` came to. Fields may be added; a change of meaning raises `version`. */
interface DrainDocument {
  readonly version: 1;
  readonly service: string;
  readonly server: string;
  /** Whether no connection is established any more. */
  readonly drained: boolean;
  /** Established connections. */
  readonly connections: number;
  readonly waitedMs: number;
}

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(
    addServerArguments(command).option(
      '--wait <duration>',
      'how long to wait for connections to end; for ever unless told',
      wait,
    ),
    context,
  );
  return (given, [service, server]) =>
    drain(String(service), String(server), given as unknown as DrainOptions, context);
}

function wait(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError('It must be a duration with its unit, such as 90s or 10m.');
}

const pollMs = 500;

async function drain(
  service: string,
  server: string,
  options: DrainOptions,
  context: CommandContext,
): Promise<number> {
  const { stdout, signal } = context;
  const { output, wait: waitMs = Number.POSITIVE_INFINITY } = options;
  const director = directorOf(options, context);
  const set = await director.override({ service, server, mode: 'drain' });
  const name = `${set.service} ${set.server}`;
  const shown = runningOff(name, options, context);
  const started = performance.now();
  const waited = () => Math.round(performance.now() - started);
  let connections = 0;
  let isDrained = false;
  try {
    for (;;) {
      ({ connections, isDrained } = await lookAt(set, director));
      shown.show(connections);
      const left = waitMs - waited();
      if (isDrained || left <= 0) break;
      await sleep(Math.min(pollMs, left), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    shown.end();
    context.stderr.write(`lvskit: ${name} goes on draining\n`);
    return exitCodeOfSignal(signal.reason);
  }
  shown.end();
  const isEnough = isDrained || waitMs === 0;
  if (output === 'text') {
    const established = `${plural(connections, 'connection')} established`;
    if (isDrained) stdout.write(`${name} is drained: no connection is left\n`);
    else if (isEnough) stdout.write(`${name} drains: ${established}\n`);
    else stdout.write(`${name} goes on draining: ${established} after ${waited() / 1000}s\n`);
  } else {
    const document: DrainDocument = {
      version: 1,
      service: set.service,
      server: set.server,
      drained: isDrained,
      connections,
      waitedMs: waited(),
    };
    await writeDocument(stdout, output, document);
  }
  return isEnough ? exitCode.done : exitCode.notAsItShouldBe;
}

async function lookAt(
  { service, server }: OverrideDocument,
  director: ControlClient,
): Promise<{ readonly connections: number; readonly isDrained: boolean }> {
  const { services }: StatusDocument = await director.status();
  const found = services
    .find(({ name }) => name === service)
    ?.servers.find((one) => one.server === server);
  const kernel = found?.kernel;
  // What is not in the table has no connections; what still has a weight can be given more.
  if (kernel === undefined) return { connections: 0, isDrained: true };
  const connections = kernel.activeConnections;
  return { connections, isDrained: connections === 0 && kernel.weight === 0 };
}

const eraseLine = '\r\x1b[K';

/** Shows how many connections are left: in place on a terminal, elsewhere a line for each change. */
function runningOff(
  name: string,
  { output }: DrainOptions,
  { stderr }: CommandContext,
): { readonly show: (connections: number) => void; readonly end: () => void } {
  let last: number | undefined;
  if (output !== 'text') return { show: () => undefined, end: () => undefined };
  const line = (connections: number) =>
    `${name} drains: ${plural(connections, 'connection')} established`;
  if (stderr.isTTY === true) {
    return {
      show: (connections) => stderr.write(`${eraseLine}${line(connections)}`),
      end: () => stderr.write(eraseLine),
    };
  }
  return {
    show: (connections) => {
      if (connections !== last) stderr.write(`${line(connections)}\n`);
      last = connections;
    },
    end: () => undefined,
  };
}
