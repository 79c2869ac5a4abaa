import { type Command, Option } from 'commander';
import { configInputOf, printConfig } from '../../config/print.ts';
import { isServiceItself } from '../../config/servers.ts';
import { saveRules } from '../../formats/ipvsadm/rules.ts';
import { formatDestinationKey } from '../../ipvs/destination.ts';
import { formatServiceKey } from '../../ipvs/service.ts';
import type { ServiceState } from '../../ipvs/table.ts';
import {
  canonicalService,
  type ServiceDefinition,
  sortedTable,
  tableDefinitionOf,
} from '../../ipvs/table-definition.ts';
import { plural } from '../../reconcile/describe.ts';
import { readTable } from '../carry-out.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { InputError } from '../input-error.ts';
import { writeWholeFile } from '../output-file.ts';
import { addNetnsOption, openTable, type TableOptions } from '../table-options.ts';

type SaveFormat = 'yaml' | 'json' | 'ipvsadm';

interface SaveOptions extends TableOptions {
  readonly output?: string;
  readonly format?: SaveFormat;
}

export const details: CommandDetails = {
  text: [
    `Writes the table so that lvskit restore makes it again: as lvskit.yaml, which holds everything;
    as the same in JSON; or as rules for ipvsadm -R, which have no place for thresholds.`,
    `The format is that of the file's name: .yaml or .yml, .json, otherwise rules. What goes to
    standard output is yaml unless told otherwise. A file is written whole or not at all.`,
  ],
  examples: [
    { command: 'lvskit save -o lvskit.yaml', what: 'into a file' },
    { command: 'lvskit save --format ipvsadm', what: 'as ipvsadm -Sn prints it' },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addNetnsOption(
    command
      .option('-o, --output <file>', 'write to this file instead of standard output')
      .addOption(
        new Option('--format <format>', 'how to write it').choices(['yaml', 'json', 'ipvsadm']),
      ),
  );
  return (given) => save(given as unknown as SaveOptions, context);
}

async function save(options: SaveOptions, { stdout, stderr }: CommandContext): Promise<number> {
  const { output, format = formatOf(output) } = options;
  await using ipvs = await openTable(options);
  const services = await readTable(ipvs);
  const losses = [...unrestorable(services), ...(format === 'ipvsadm' ? rulesLose(services) : [])];
  const pieces = printed(services, format);
  if (output === undefined || output === '-') {
    for (const piece of pieces) stdout.write(piece);
  } else {
    await writeWholeFile(output, pieces);
    stderr.write(`saved ${plural(services.length, 'service')} to ${output}\n`);
  }
  for (const loss of losses) stderr.write(`lvskit: warning: ${loss}\n`);
  return exitCode.done;
}

function formatOf(file: string | undefined): SaveFormat {
  if (file === undefined || /\.ya?ml$/i.test(file)) return 'yaml';
  return /\.json$/i.test(file) ? 'json' : 'ipvsadm';
}

function* printed(services: readonly ServiceState[], format: SaveFormat): Generator<string> {
  if (format === 'ipvsadm') {
    yield* saveRules(services);
  } else if (format === 'json') {
    yield `${JSON.stringify(configInputOf(sortedTable(services)), undefined, 2)}\n`;
  } else {
    yield* printConfig(sortedTable(services));
  }
}

/** What other programs made and nobody should make again, so that restoring will refuse it. */
function* unrestorable(services: readonly ServiceState[]): Generator<string> {
  for (const definition of tableDefinitionOf(services)) {
    try {
      canonicalService(definition);
      checkServers(definition);
    } catch (error) {
      const reason = (error as Error).message;
      yield `${formatServiceKey(definition.key)} cannot be restored as it is: ${reason}`;
    }
  }
}

/** @throws RangeError for what a configuration refuses although the library does not. */
function checkServers({ key, destinations = [] }: ServiceDefinition): void {
  for (const destination of destinations) {
    const { forwarding = 'dr' } = destination.config ?? {};
    const { address, port = 0 } = destination.key;
    if (!isServiceItself(key, { address, port }, forwarding)) continue;
    throw new RangeError(
      `its destination ${formatDestinationKey(destination.key)} is the VIP itself`,
    );
  }
}

/** What rules have no words for. @throws InputError for what would not even be a rule. */
function rulesLose(services: readonly ServiceState[]): readonly string[] {
  let thresholds = 0;
  let local = 0;
  for (const service of services) {
    for (const destination of service.destinations) {
      if (destination.upperThreshold > 0 || destination.lowerThreshold > 0) thresholds++;
      if (destination.forwarding === 'local') local++;
      if (destination.forwarding === 'bypass') {
        const name = `${formatDestinationKey(destination.key)} of ${formatServiceKey(service.key)}`;
        throw new InputError(
          `cannot save as ipvsadm rules: they have no word for forwarding bypass, which ${name} has; use --format yaml`,
        );
      }
    }
  }
  const losses: string[] = [];
  if (thresholds > 0) {
    losses.push(
      `ipvsadm rules leave out the thresholds of ${plural(thresholds, 'destination')}; --format yaml keeps them`,
    );
  }
  if (local > 0) {
    losses.push(
      `ipvsadm rules say dr where forwarding is local, of ${plural(local, 'destination')}; --format yaml keeps it`,
    );
  }
  return losses;
}
