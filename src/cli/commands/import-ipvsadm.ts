import type { Command } from 'commander';
import { importIpvsadm } from '../../import/ipvsadm.ts';
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
    `It reads rules such as ipvsadm -Sn prints, and shell scripts of ipvsadm commands in plain words and
    variables with plain values; any other line of a script is not followed.
    Names of hosts are not looked up.`,
  ],
  examples: [
    { command: 'ipvsadm -Sn | lvskit import ipvsadm -', what: 'the table as it is now' },
    {
      command: 'lvskit import ipvsadm --output lvskit.yaml /etc/ipvsadm.rules',
      what: 'into a file',
    },
  ],
  exitStatus: importExitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addImportOptions(command);
  return async (given, [file]) => {
    const { bytes } = await readInput(String(file), longestImport, context);
    const text = bytes.toString('latin1');
    const imported = importIpvsadm(text, inputName(String(file)), importNames());
    return reportImport('ipvsadm', imported, given as unknown as ImportOptions, context);
  };
}
