import { type CommandNode, commandTree } from './command-tree.ts';

/** A program: what people type, what it is for, and what it can do. */
export interface NamedProgram {
  readonly name: string;
  readonly summary: string;
  readonly tree: readonly CommandNode[];
}

export const lvskitProgram: NamedProgram = {
  name: 'lvskit',
  summary: 'Linux Virtual Server: load balancing in the kernel',
  tree: commandTree,
};
