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
  /**
   * Calls back at each SIGHUP, which ends no command while somebody listens. Returns what ends that.
   * Absent is the same as none ever.
   */
  readonly onHangup?: (listener: () => void) => () => void;
  /** What is piped in; absent is the same as nothing. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/** Thrown for a command line that cannot be right; `main` shows it with the usage. */
export class UsageError extends Error {
  static {
    UsageError.prototype.name = 'UsageError';
  }
}

/** Runs with the options and arguments that commander has read, and resolves to the exit code. */
export type RunnableCommand = (
  options: Readonly<Record<string, unknown>>,
  args: readonly unknown[],
) => Promise<number>;

/** What help and manual page say of a command beyond its options. */
export interface CommandDetails {
  /** Paragraphs. */
  readonly text?: readonly string[];
  readonly examples?: readonly CommandExample[];
  /** What each exit code means. Default: {@link usualExitStatus}. */
  readonly exitStatus?: readonly (readonly [code: number, meaning: string])[];
}

export interface CommandExample {
  readonly command: string;
  readonly what: string;
}

export const usualExitStatus: NonNullable<CommandDetails['exitStatus']> = [
  [0, 'done'],
  [1, 'something failed'],
  [2, 'wrong usage or invalid input'],
  [4, 'this kernel has no IPVS'],
  [77, 'not permitted'],
];

/** What the module of a command exports. */
export interface CommandModule {
  /**
   * Declares the command's options and arguments.
   *
   * @param wholeProgram The command line with every command defined, for what describes them all.
   */
  define(
    command: Command,
    context: CommandContext,
    wholeProgram: () => Promise<DescribedCommand>,
  ): RunnableCommand;
  readonly details?: CommandDetails;
}

/** A command as help, completion and manual pages see it. */
export interface DescribedCommand {
  readonly command: Command;
  readonly details: CommandDetails;
  readonly commands: readonly DescribedCommand[];
}
