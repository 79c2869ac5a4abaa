import { type Command, Option } from 'commander';
import type { ConfigInput } from '../config/config-input.ts';
import type { NameLookup } from '../formats/ipvsadm/command.ts';
import type { SourcePlace } from '../formats/source.ts';
import { type Imported, linesLeftOut, notesOf, servicesOf } from '../import/imported.ts';
import { configInputOfImported, printImported } from '../import/print.ts';
import { plural } from '../reconcile/describe.ts';
import type { CommandContext, CommandDetails } from './command-context.ts';
import { exitCode } from './exit-code.ts';
import { SystemNames } from './ipvsadm/system-names.ts';
import { writeDocument } from './output/document.ts';
import { writeWholeFile } from './output-file.ts';

/** Longest file that is imported, in bytes. */
export const longestImport: number = 64 * 1024 * 1024;

/** Ports by their names, as this system has them. Names of hosts are not looked up: they can change. */
export function importNames(): NameLookup {
  const names = new SystemNames();
  return {
    hostAddress: () => undefined,
    servicePort: (name, protocol) => names.servicePort(name, protocol),
  };
}

/** What every command that imports can be told. */
export interface ImportOptions {
  readonly format: 'yaml' | 'json';
  readonly output?: string;
  readonly strict?: true;
}

export const importExitStatus: NonNullable<CommandDetails['exitStatus']> = [
  [0, 'done, and what has no equal stands in comments'],
  [2, 'the file cannot be read or is not what it should be; or wrong usage'],
  [3, 'with --strict: something has no equal'],
];

/** What both kinds of import say of what comes out. */
export const importText: string = `Prints a lvskit.yaml. What has no equal, and what lvskit does otherwise,
  stands in a comment in its place, with the line it comes from: nothing is dropped silently. How many lines
  those are is told on standard error. The configuration is right: lvskit check takes it.`;

export function addImportOptions(command: Command): Command {
  return command
    .argument('<file>', 'what to import; - for standard input')
    .addOption(
      new Option('-o, --format <format>', 'the configuration, or a report of it as a document')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .option('--output <file>', 'write to this file instead of standard output')
    .option('--strict', 'end with 3 when something has no equal');
}

/** A note, as documents have it. */
interface NoteDocument extends SourcePlace {
  readonly kind: 'left-out' | 'differs';
  readonly message: string;
  readonly source: readonly string[];
}

/** What an import came to. Fields may be added; a change of meaning raises `version`. */
export interface ImportDocument {
  readonly version: 1;
  readonly from: string;
  readonly file: string;
  readonly services: number;
  readonly servers: number;
  /** Lines of the source that have no equal. */
  readonly linesLeftOut: number;
  readonly notes: readonly NoteDocument[];
  readonly config: ConfigInput;
}

export function importDocument(from: string, imported: Imported): ImportDocument {
  const services = servicesOf(imported);
  return {
    version: 1,
    from,
    file: imported.source,
    services: services.length,
    servers: services.reduce((sum, { servers }) => sum + servers.length, 0),
    linesLeftOut: linesLeftOut(imported),
    notes: notesOf(imported).map(({ kind, place, message, source }) => ({
      kind,
      ...place,
      message,
      source,
    })),
    config: configInputOfImported(imported),
  };
}

/** Writes what was imported, and tells what it is not. @returns The exit code. */
export async function reportImport(
  from: string,
  imported: Imported,
  { format, output, strict }: ImportOptions,
  { stdout, stderr }: CommandContext,
): Promise<number> {
  let text = '';
  const collect = { write: (piece: string) => (text += piece) };
  if (format === 'json') await writeDocument(collect, 'json', importDocument(from, imported));
  else text = printImported(imported);
  if (output === undefined) stdout.write(text);
  else await writeWholeFile(output, [text]);
  const { services, servers } = importDocument(from, imported);
  const made = `${plural(services, 'service')} with ${plural(servers, 'server')}`;
  const to = output === undefined ? '' : ` to ${output}`;
  stderr.write(`imported ${made} from ${imported.source}${to}\n`);
  const left = linesLeftOut(imported);
  const otherwise = notesOf(imported).filter(({ kind }) => kind === 'differs').length;
  if (left > 0) {
    stderr.write(`lvskit: warning: ${plural(left, 'line')} without an equal, in comments\n`);
  }
  if (otherwise > 0) {
    stderr.write(
      `lvskit: warning: ${plural(otherwise, 'thing')} that lvskit does otherwise, in comments\n`,
    );
  }
  return strict === true && left > 0 ? exitCode.notAsItShouldBe : exitCode.done;
}
