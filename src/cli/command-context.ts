import type { Command } from 'commander';
import type { Terminal } from './output/style.ts';

/** A stream that a command writes to. */
export interface Output extends Terminal {
  write(text: string): unknown;
}

/** What a command knows of the world it runs in; tests run commands with streams of their own. */
export interface CommandContext {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user, or the system, asks the command to end. */
  readonly signal: AbortSignal;
}

/** Thrown for a command line that cannot be right; `main` shows it with the usage. */
export class UsageError extends Error {
  static {
    UsageError.prototype.name = 'UsageError';
  }
}

/** Runs with the options that commander has read, and resolves to the exit code. */
export type RunnableCommand = (options: Readonly<Record<string, unknown>>) => Promise<number>;

/** What the module of a command exports. */
export interface CommandModule {
  /** Declares the command's options and arguments. */
  define(command: Command, context: CommandContext): RunnableCommand;
}
