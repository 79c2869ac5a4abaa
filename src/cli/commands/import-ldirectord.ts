import type { Command } from 'commander';
import { decodeText } from '../../config/text-file.ts';
import { importLdirectord } from '../../import/ldirectord.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import {
  addImportOptions,
  type ImportOptions,
  importExitStatus,
  importNames,
  importText,
  longestImport,
  reportImport,
} from '../import-report.ts';
import { inputName, readInput } from '../input-file.ts';

export const details: CommandDetails = {
  text: [
    importText,
    `Virtual services with their real servers and fallbacks become services, what they are checked with
    becomes checks with the same times and counts; mail, logs and scripts stand in comments. Names of hosts
    are not looked up.`,
  ],
  examples: [
    {
      command: 'lvskit import ldirectord --output lvskit.yaml /etc/ha.d/ldirectord.cf',
      what: 'into a file',
    },
  ],
  exitStatus: importExitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addImportOptions(command);
  return async (given, [argument]) => {
    const file = String(argument);
    const { bytes } = await readInput(file, longestImport, context);
    const name = inputName(file);
    const imported = importLdirectord(decodeText(bytes, name), name, importNames());
    return reportImport('ldirectord', imported, given as unknown as ImportOptions, context);
  };
}
