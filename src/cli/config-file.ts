import type { Command } from 'commander';
import { formatProblem } from '../config/config-error.ts';
import type { DirectorConfig } from '../config/director-config.ts';
import { readConfig, tableOf } from '../config/load.ts';
import { longestConfig } from '../config/sources.ts';
import type { Ipvs } from '../ipvs/client.ts';
import { type Plan, planChanges } from '../reconcile/plan.ts';
import { readTable } from './carry-out.ts';
import type { CommandContext } from './command-context.ts';
import { inputName, readInput } from './input-file.ts';

export const defaultConfigFile = '/etc/lvskit/lvskit.yaml';

/** Declares the configuration that a command is about. */
export function addConfigArgument(command: Command): Command {
  return command.argument('[file]', 'the configuration; - for standard input', defaultConfigFile);
}

/** Reads a configuration. @param file `-` for what is piped in. @throws ConfigError, TextFileError */
export async function readConfigFile(
  file: string,
  context: CommandContext,
): Promise<DirectorConfig> {
  const input = await readInput(file, longestConfig, context);
  return readConfig(input, inputName(file), file === '-' ? undefined : file);
}

export function showWarnings(config: DirectorConfig, { stderr }: CommandContext): void {
  for (const warning of config.warnings) {
    stderr.write(`lvskit: warning: ${formatProblem(warning)}\n`);
  }
}

/** What leads from the table as it is to just what a configuration says. */
export async function planOf(ipvs: Ipvs, config: DirectorConfig): Promise<Plan> {
  return planChanges(await readTable(ipvs), tableOf(config));
}
