import type { CommandModule } from './command-context.ts';

/** A command that does something. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when the command is the one that is run, so that no command waits for another. */
  readonly load: () => Promise<CommandModule>;
}

/** A word that others follow, as `add` in `lvskit add service`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandNode[];
}

export type CommandNode = CommandEntry | CommandGroup;

/** Every command of `lvskit`: what is run, helped with, completed and described from one place. */
export const commandTree: readonly CommandNode[] = [
  {
    name: 'lab',
    summary: 'build a lab of network namespaces and balance real connections in it',
    load: () => import('./commands/lab.ts'),
  },
];
