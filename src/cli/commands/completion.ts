import { Argument, type Command } from 'commander';
import type {
  CommandContext,
  CommandDetails,
  DescribedCommand,
  RunnableCommand,
} from '../command-context.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { exitCode } from '../exit-code.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export const details: CommandDetails = {
  text: ['Prints the completion of every command and option for a shell, to be kept or sourced.'],
  examples: [
    { command: 'source <(lvskit completion bash)', what: 'in this shell' },
    {
      command: 'lvskit completion bash > /usr/share/bash-completion/completions/lvskit',
      what: 'for everybody',
    },
    {
      command: 'lvskit completion zsh > /usr/local/share/zsh/site-functions/_lvskit',
      what: 'the same for zsh',
    },
    {
      command: 'lvskit completion fish > /etc/fish/completions/lvskit.fish',
      what: 'the same for fish',
    },
  ],
  exitStatus: [
    [0, 'done'],
    [2, 'wrong usage'],
  ],
};

export function define(
  command: Command,
  { stdout }: CommandContext,
  wholeProgram: () => Promise<DescribedCommand>,
): RunnableCommand {
  command.addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)));
  return async (_options, [shell]) => {
    stdout.write(shells[shell as keyof typeof shells](await wholeProgram()));
    return exitCode.done;
  };
}
