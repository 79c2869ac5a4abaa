/** What a run of either program came to, byte for byte: each character is a byte. */
export interface Outcome {
  /** The exit status; that of a program that a signal ended is `SIGSEGV` and the like. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command and what it is given to read. */
export interface Step {
  readonly words: readonly string[];
  readonly input?: string | undefined;
}
