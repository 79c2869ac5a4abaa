import { type Command, Option } from 'commander';
import type { Check } from '../../config/checks.ts';
import { ConfigError, type ConfigProblem } from '../../config/config-error.ts';
import type { DirectorConfig } from '../../config/director-config.ts';
import { plural } from '../../reconcile/describe.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addConfigArgument, readConfigFile, showWarnings } from '../config-file.ts';
import { exitCode } from '../exit-code.ts';
import { inputName } from '../input-file.ts';
import { type OutputFormat, writeDocument } from '../output/document.ts';

export const details: CommandDetails = {
  text: [
    `Reads lvskit.yaml and all that it includes, and tells every mistake with its place. It needs no
    permission and no kernel with IPVS, and changes nothing.`,
  ],
  examples: [
    { command: 'lvskit check', what: '/etc/lvskit/lvskit.yaml' },
    { command: 'lvskit check -o json new.yaml', what: 'mistakes as a document for programs' },
  ],
  exitStatus: [
    [0, 'it is right'],
    [2, 'it is not, or cannot be read; or wrong usage'],
  ],
};

interface CheckOptions {
  readonly output: OutputFormat;
}

/** A mistake or a doubt, as documents have it. */
interface ProblemDocument {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** What `lvskit check` found. Fields may be added; a change of meaning raises `version`. */
interface CheckDocument {
  readonly version: 1;
  readonly file: string;
  readonly valid: boolean;
  readonly problems: readonly ProblemDocument[];
  /** Absent when it is not valid. */
  readonly services?: number;
  readonly servers?: number;
  readonly checks?: number;
}

export function define(command: Command, context: CommandContext): RunnableCommand {
  addConfigArgument(command).addOption(
    new Option('-o, --output <format>', 'how to show it')
      .choices(['text', 'json', 'yaml'])
      .default('text'),
  );
  return (given, [file]) => check(String(file), given as unknown as CheckOptions, context);
}

async function check(
  file: string,
  { output }: CheckOptions,
  context: CommandContext,
): Promise<number> {
  const name = inputName(file);
  let config: DirectorConfig;
  try {
    config = await readConfigFile(file, context);
  } catch (error) {
    if (output === 'text' || !(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => problemDocument(problem, 'error'));
    const document: CheckDocument = { version: 1, file: name, valid: false, problems };
    await writeDocument(context.stdout, output, document);
    return exitCode.usage;
  }
  const counts = countsOf(config);
  if (output !== 'text') {
    const problems = config.warnings.map((problem) => problemDocument(problem, 'warning'));
    const document: CheckDocument = { version: 1, file: name, valid: true, problems, ...counts };
    await writeDocument(context.stdout, output, document);
    return exitCode.done;
  }
  showWarnings(config, context);
  const { services, servers, checks } = counts;
  const parts = [plural(services, 'service'), plural(servers, 'server'), plural(checks, 'check')];
  context.stdout.write(`${name} is right: ${parts.join(', ')}\n`);
  return exitCode.done;
}

function problemDocument(
  { file, line, column, length, message, suggestion }: ConfigProblem,
  severity: ProblemDocument['severity'],
): ProblemDocument {
  return { severity, file, line, column, length, message, suggestion };
}

function countsOf({
  services,
}: DirectorConfig): Readonly<Required<Pick<CheckDocument, 'services' | 'servers' | 'checks'>>> {
  const servers = services.flatMap((service) => service.servers);
  const checks = servers.reduce((sum, server) => sum + countChecks(server.check), 0);
  return { services: services.length, servers: servers.length, checks };
}

function countChecks(check: Check | undefined): number {
  if (check === undefined) return 0;
  if (check.combine === 'none') return 1;
  return check.checks.reduce((sum, one) => sum + countChecks(one), 0);
}
