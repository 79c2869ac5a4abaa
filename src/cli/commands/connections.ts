import { release } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseServer } from '../../config/server-text.ts';
import type { Connection } from '../../ipvs/connection.ts';
import { readConnections } from '../../ipvs/connections.ts';
import type { DestinationKey } from '../../ipvs/destination.ts';
import { readProcTable } from '../../ipvs/proc-table.ts';
import { formatIp, type IpPrefix, parseIp, parsePrefix } from '../../net/ip.ts';
import { namespaceArgument } from '../../net/namespace-reference.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode, exitCodeOfSignal } from '../exit-code.ts';
import { jsonLine, writeDocument } from '../output/document.ts';
import { serviceOf } from '../service-words.ts';
import { addTableOptions, type ShownOptions } from '../table-options.ts';
import { ConnectionCounter, type CountBy, countDocument, countKeys } from './connections-count.ts';
import { connectionTest } from './connections-filter.ts';
import { connectionHeadings, connectionText, countText } from './connections-text.ts';

interface ConnectionsOptions extends ShownOptions {
  readonly client?: IpPrefix;
  readonly service?: readonly string[];
  readonly server?: DestinationKey;
  readonly state?: string;
  readonly protocol?: string;
  readonly countBy?: CountBy;
}

export const details: CommandDetails = {
  text: [
    `Shows the connections that the kernel forwards, in its own order, as they are read: a table of
    millions takes no more memory than a small one. Every filter that is given has to fit. Nobody
    needs permission for the table of his own network namespace.`,
    `A template is no connection but the memory of where a client of a persistent service goes. The
    connections of a service by firewall mark bear the addresses they were made to; its templates
    alone bear the mark.`,
    `With -o json every line is a document of one connection; with --count-by there is one document
    for all.`,
    `Up to Linux 7.0 the time to read the table grows with its square. Before a large one is read
    there, a warning says how many connections there are.`,
  ],
  examples: [
    { command: 'lvskit connections --client 198.51.100.0/24', what: 'of a network of clients' },
    {
      command: 'lvskit connections --server 10.0.0.11 --count-by state',
      what: 'what a server is busy with',
    },
    {
      command: 'lvskit connections --service tcp 192.0.2.1:443 -o json',
      what: 'for programs, one to a line',
    },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(
    command
      .option(
        '--client <address>',
        'of this client: an address, or a prefix such as 10.0.0.0/8',
        client,
      )
      .option(
        '--service <key...>',
        'of this service: tcp|udp|sctp ADDRESS:PORT, or fwmark NUMBER [ipv6]',
      )
      .option('--server <address>', 'to this real server: ADDRESS[:PORT]', server)
      .option('--state <state>', 'in this state, such as ESTABLISHED', (text) => text.toUpperCase())
      .addOption(
        new Option('--protocol <name>', 'of this protocol').choices([
          'tcp',
          'udp',
          'sctp',
          'ip',
          'icmp',
          'icmpv6',
        ]),
      )
      .addOption(
        new Option('--count-by <what>', 'count them instead of showing them').choices(countKeys),
      ),
  );
  return (options) => connections(options as unknown as ConnectionsOptions, context);
}

function client(text: string): IpPrefix {
  try {
    return parsePrefix(text);
  } catch {
    throw new InvalidArgumentError('It must be an address or a prefix, such as 10.0.0.0/8.');
  }
}

function server(text: string): DestinationKey {
  const key = parseServer(text);
  if (key !== undefined) return { ...key, address: formatIp(parseIp(key.address).bytes) };
  throw new InvalidArgumentError(
    'It must be an address, or address:port, such as 10.0.0.11 or [2001:db8::11]:80.',
  );
}

async function connections(options: ConnectionsOptions, context: CommandContext): Promise<number> {
  const { countBy, output, netns } = options;
  const { signal, stdout } = context;
  const service = options.service === undefined ? undefined : serviceOf(options.service);
  const isMeant = connectionTest({ ...options, service });
  await warnOfLargeTable(options, context);
  const all = readConnections(netns === undefined ? {} : { netns });
  if (countBy === undefined) {
    await show(all, isMeant, output, context);
  } else {
    const counter = new ConnectionCounter(countBy);
    for await (const connection of all) {
      if (isMeant(connection)) counter.add(connection);
      if (signal.aborted) break;
    }
    const counts = counter.counts();
    if (signal.aborted) return exitCodeOfSignal(signal.reason);
    if (output !== 'text') await writeDocument(stdout, output, countDocument(countBy, counts));
    else for (const line of countText(countBy, counts)) stdout.write(`${line}\n`);
  }
  return signal.aborted ? exitCodeOfSignal(signal.reason) : exitCode.done;
}

const pieceLength = 65_536;

/** Writes connections as they come, in pieces. */
async function show(
  all: AsyncIterable<Connection>,
  isMeant: (connection: Connection) => boolean,
  output: ConnectionsOptions['output'],
  { stdout, signal }: CommandContext,
): Promise<void> {
  const lineOf = await lineMaker(output);
  let piece = output === 'text' ? `${connectionHeadings}\n` : '';
  for await (const connection of all) {
    if (signal.aborted) return;
    if (!isMeant(connection)) continue;
    piece += lineOf(connection);
    if (piece.length < pieceLength) continue;
    stdout.write(piece);
    piece = '';
  }
  if (piece !== '') stdout.write(piece);
}

async function lineMaker(
  output: ConnectionsOptions['output'],
): Promise<(connection: Connection) => string> {
  if (output === 'text') return (connection) => `${connectionText(connection)}\n`;
  if (output === 'json') return (connection) => jsonLine({ version: 1, ...connection });
  const { stringify } = await import('yaml');
  return (connection) => `---\n${stringify(JSON.parse(jsonLine({ version: 1, ...connection })))}`;
}

/** Where the walk begins to take its time, on a kernel where it grows with the square. */
const largeTable = 100_000;

async function warnOfLargeTable(
  { netns }: ConnectionsOptions,
  { stderr }: CommandContext,
): Promise<void> {
  if (readsInProportion(release())) return;
  const argument = namespaceArgument(netns);
  let count = 0;
  for (const { destinations } of await readProcTable(() => argument)) {
    for (const { activeConnections, inactiveConnections } of destinations) {
      count += activeConnections + inactiveConnections;
    }
  }
  if (count < largeTable) return;
  stderr.write(
    `lvskit: warning: there are about ${count} connections; before Linux 7.1 the time to read them grows with their square\n`,
  );
}

/** Since Linux 7.1 every page of the table is read from where the one before ended. */
export function readsInProportion(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return major > 7 || (major === 7 && minor >= 1);
}
