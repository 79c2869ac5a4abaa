import type { CommandDetails } from './command-context.ts';
import { type CommandNode, commandTree } from './command-tree.ts';

/** A program: what people type, what it is for, and what it can do. */
export interface NamedProgram {
  readonly name: string;
  readonly summary: string;
  /** What its manual page begins with. */
  readonly purpose: string;
  readonly tree: readonly CommandNode[];
  /** What the exit codes of its commands mean. Default: the usual. */
  readonly exitStatus?: CommandDetails['exitStatus'];
}

export const lvskitProgram: NamedProgram = {
  name: 'lvskit',
  summary: 'Linux Virtual Server: load balancing in the kernel',
  purpose:
    'Works on the table of virtual services of the Linux kernel, which balances connections over real servers.',
  tree: commandTree,
};
