import type { Command } from 'commander';
import { decodeText } from '../../config/text-file.ts';
import { importKeepalived } from '../../import/keepalived.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import {
  addImportOptions,
  type ImportOptions,
  importExitStatus,
  importText,
  longestImport,
  reportImport,
} from '../import-report.ts';
import { SystemFiles } from '../included-files.ts';
import { inputName, readInput } from '../input-file.ts';

interface KeepalivedOptions extends ImportOptions {
  readonly configId?: string;
}

export const details: CommandDetails = {
  text: [
    importText,
    `It follows include, definitions, ~SEQ and ~LST. Virtual servers and groups become services, checkers
    become checks with the same times and counts; VRRP, scripts and mail stand in comments.`,
  ],
  examples: [
    {
      command: 'lvskit import keepalived --output lvskit.yaml /etc/keepalived/keepalived.conf',
      what: 'into a file',
    },
    {
      command: 'lvskit import keepalived --config-id main keepalived.conf',
      what: 'with the lines that begin with @main',
    },
  ],
  exitStatus: importExitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addImportOptions(command).option(
    '--config-id <id>',
    'what keepalived runs with as -i: which lines with @ hold',
  );
  return async (given, [argument]) => {
    const options = given as unknown as KeepalivedOptions;
    const file = String(argument);
    const { bytes } = await readInput(file, longestImport, context);
    const name = inputName(file);
    const imported = importKeepalived(decodeText(bytes, name), name, {
      files: new SystemFiles(longestImport),
      configId: options.configId,
    });
    return reportImport('keepalived', imported, options, context);
  };
}
