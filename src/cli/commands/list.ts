import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode, exitCodeOfSignal } from '../exit-code.ts';
import { jsonLine, writeDocument } from '../output/document.ts';
import { Screen } from '../output/screen.ts';
import { styleFor } from '../output/style.ts';
import { serviceOf } from '../service-words.ts';
import { addTableOptions, type ShownOptions } from '../table-options.ts';
import { listDocument } from './list-document.ts';
import { readings } from './list-readings.ts';
import type { ListedTable } from './list-table.ts';
import { listText } from './list-text.ts';

interface ListOptions extends ShownOptions {
  readonly service?: readonly string[];
  readonly statistics?: true;
  readonly rates?: true;
  readonly exact?: true;
  readonly watch?: true | number;
}

export const details: CommandDetails = {
  text: [
    `Shows the services with their real servers, how many connections each has, and what there is to
    know: drained (weight 0), draining (the same, with connections still), overloaded (as many
    connections as its upper threshold), no destination.`,
    `Counters are rounded unless --exact is given; the kernel refreshes them every 2 seconds. Rates
    are what was counted between two samples, so --rates takes 2 seconds. --watch shows sample after
    sample until Ctrl-C, on a terminal in place.`,
    `Without permission to ask the kernel it shows what /proc tells anybody, and says on standard
    error what that leaves out.`,
  ],
  examples: [
    { command: 'lvskit list --statistics', what: 'with counters' },
    { command: 'lvskit list --service tcp 192.0.2.1:80 --watch', what: 'one service, as it goes' },
    { command: 'lvskit list -o json', what: 'for programs' },
  ],
  exitStatus: [
    [0, 'done, also when --watch is ended by Ctrl-C'],
    [1, 'there is no such service, or something failed'],
    [2, 'wrong usage'],
    [4, 'this kernel has no IPVS'],
    [77, 'not permitted'],
  ],
};

const defaultIntervalMs = 2000;
const shortestIntervalMs = 100;
const longestIntervalMs = 86_400_000;

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(
    command
      .option(
        '--service <key...>',
        'this one alone: tcp|udp|sctp ADDRESS:PORT, or fwmark NUMBER [ipv6]',
      )
      .option('-s, --statistics', 'show counters')
      .option('-r, --rates', 'show how fast they grow, by the second')
      .option('--exact', 'show every digit')
      .option('-w, --watch [interval]', 'show it again and again, every 2s unless told', interval),
  );
  return (options) => list(options as unknown as ListOptions, context);
}

function interval(text: string): number {
  const milliseconds = parseDuration(text) ?? Number.NaN;
  if (milliseconds >= shortestIntervalMs && milliseconds <= longestIntervalMs) return milliseconds;
  throw new InvalidArgumentError('It must be a duration from 100ms to 1d, such as 5s.');
}

async function list(options: ListOptions, context: CommandContext): Promise<number> {
  const { statistics = false, rates = false, watch } = options;
  const { stderr, signal } = context;
  const service = options.service === undefined ? undefined : serviceOf(options.service);
  const intervalMs = watch === true ? defaultIntervalMs : watch;
  const reading = { ...netnsOf(options), service, statistics, rates, intervalMs, signal };
  const onRefused = () => stderr.write(`lvskit: ${leftOut(options)}\n`);
  await using shown = showing(options, context);
  for await (const table of readings(reading, onRefused)) await shown.show(table);
  if (!signal.aborted) return exitCode.done;
  return watch !== undefined && signal.reason === 'SIGINT'
    ? exitCode.done
    : exitCodeOfSignal(signal.reason);
}

function netnsOf({ netns }: ListOptions): { readonly netns?: string } {
  return netns === undefined ? {} : { netns };
}

/** What /proc does not tell, as far as it was asked for. */
function leftOut({ statistics, rates }: ListOptions): string {
  const missing = [
    'thresholds',
    'tunnels',
    'times and masks of persistence',
    'scheduler flags',
    'families of firewall marks',
    ...(statistics ? ['counters but their sum'] : []),
    ...(rates ? ['rates'] : []),
  ];
  const last = missing.pop();
  return `not permitted to ask the kernel, so from /proc, without ${missing.join(', ')} and ${last}`;
}

/** Where readings go, one after the other. */
interface Showing extends AsyncDisposable {
  show(table: ListedTable): Promise<void>;
}

function showing(options: ListOptions, context: CommandContext): Showing {
  const { output, watch, statistics = false, rates = false, exact = false } = options;
  const { stdout, environment } = context;
  const nothing = async () => undefined;
  if (output !== 'text') {
    let count = 0;
    const show = async (table: ListedTable) => {
      const document = listDocument(table, rates);
      if (watch !== undefined && output === 'json') {
        stdout.write(jsonLine(document));
      } else {
        if (count++ > 0) stdout.write('---\n');
        await writeDocument(stdout, output, document);
      }
    };
    return { show, [Symbol.asyncDispose]: nothing };
  }
  const style = styleFor(stdout, environment);
  const lines = (table: ListedTable) => listText(table, { statistics, rates, exact }, style);
  if (watch === undefined) {
    const show = async (table: ListedTable) => {
      for (const line of lines(table)) stdout.write(`${line}\n`);
    };
    return { show, [Symbol.asyncDispose]: nothing };
  }
  const screen = new Screen(stdout);
  return {
    show: async (table) => screen.show([style.dim(heading(table)), ...lines(table)]),
    [Symbol.asyncDispose]: async () => screen.leave(),
  };
}

function heading({ at, services }: ListedTable): string {
  const destinations = services.reduce((sum, service) => sum + service.destinations.length, 0);
  const time = at.toISOString().replace('T', ' ').slice(0, 19);
  return `${time} UTC, services: ${services.length}, destinations: ${destinations}`;
}
