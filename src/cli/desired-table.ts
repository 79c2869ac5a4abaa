import type { FileBytes } from '../config/text-file.ts';
import type { ComparedService } from '../ipvs/table-diff.ts';
import type { CommandContext } from './command-context.ts';
import { InputError } from './input-error.ts';
import { inputName, readInput } from './input-file.ts';

export type InputFormat = 'ipvsadm' | 'yaml';

/** A file that says what the table should be. */
export interface DesiredTable {
  readonly format: InputFormat;
  /**
   * What it makes of a table. A configuration says all there is to be, whatever was there; rules
   * change what they are applied to.
   *
   * @throws InputError with the lines that are wrong.
   */
  of(base: readonly ComparedService[]): readonly ComparedService[];
  readonly warnings: readonly string[];
}

/** Longest file that is read; a million rules have 50 MB. */
const longest = 64 * 1024 * 1024;
const problemsTold = 25;

/**
 * Reads rules of ipvsadm or a `lvskit.yaml`. Everything that can be known to be wrong with it
 * without a kernel is told here.
 *
 * @param file `-` for what is piped in.
 * @throws InputError, ConfigError, TextFileError
 */
export async function readDesiredTable(
  file: string,
  format: InputFormat | undefined,
  context: CommandContext,
): Promise<DesiredTable> {
  const input = await readInput(file, longest, context);
  const name = inputName(file);
  return (format ?? formatOf(file, input.bytes)) === 'yaml'
    ? await readConfig(input, name, file === '-' ? undefined : file)
    : await readRules(input.bytes, name);
}

/** By the name, where it tells; otherwise by whether the first line is an option. */
function formatOf(file: string, bytes: Buffer): InputFormat {
  if (/\.(ya?ml|json)$/i.test(file)) return 'yaml';
  const start = bytes.subarray(0, 64 * 1024).toString('latin1');
  const first = start.split('\n').find((line) => !/^\s*(#|$)/.test(line)) ?? '';
  return /^\s*(-[A-Za-z-]|ipvsadm\s)/.test(first) && !/^---\s*$/.test(first) ? 'ipvsadm' : 'yaml';
}

async function readConfig(
  main: FileBytes,
  name: string,
  path: string | undefined,
): Promise<DesiredTable> {
  const loading = await import('../config/load.ts');
  const { formatProblem } = await import('../config/config-error.ts');
  const config = await loading.readConfig(main, name, path);
  const table = loading.tableOf(config);
  return {
    format: 'yaml',
    of: () => table,
    warnings: config.warnings.map(formatProblem),
  };
}

async function readRules(bytes: Buffer, name: string): Promise<DesiredTable> {
  const { tableOfRules } = await import('../formats/ipvsadm/offline-rules.ts');
  const { SystemNames } = await import('./ipvsadm/system-names.ts');
  const names = new SystemNames();
  return {
    format: 'ipvsadm',
    of: (base) => {
      const { table, problems } = tableOfRules(bytes, { names, base });
      if (problems.length === 0) return table;
      const told = problems
        .slice(0, problemsTold)
        .map(({ line, message }) => `${name}:${line}: ${message}`);
      if (problems.length > problemsTold) told.push(`and ${problems.length - problemsTold} more`);
      throw new InputError(told.join('\n'));
    },
    warnings: [],
  };
}
