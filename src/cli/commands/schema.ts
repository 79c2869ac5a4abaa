import type { Command } from 'commander';
import { configJsonSchema } from '../../config/json-schema.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';

export const details: CommandDetails = {
  text: [
    `Prints the JSON Schema of lvskit.yaml, with which editors complete and check it. It is made of
    the same source that lvskit itself checks with.`,
  ],
  examples: [
    {
      command: 'lvskit schema > lvskit.schema.json',
      what: 'then begin the file with: # yaml-language-server: $schema=lvskit.schema.json',
    },
  ],
  exitStatus: [
    [0, 'done'],
    [2, 'wrong usage'],
  ],
};

export function define(_command: Command, { stdout }: CommandContext): RunnableCommand {
  return async () => {
    stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
    return exitCode.done;
  };
}
