import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Starts programs from a shell that is small. To fork this process, with all that a test has loaded,
 * takes a tenth of a second and more in a guest.
 */
class SmallProcess {
  readonly #shell: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (exitCode: number) => void>();
  #asked = 0;

  constructor() {
    this.#folder = mkdtempSync('/dev/shm/lvskit-run-');
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
    this.#shell = spawn('sh', [], { stdio: ['pipe', 'pipe', 'ignore'] });
    const { stdout } = this.#shell;
    if (stdout === null) throw new Error('the shell has no output');
    createInterface({ input: stdout }).on('line', (line) => {
      const [number = 0, exitCode = -1] = line.split(' ').map(Number);
      this.#waiting.get(number)?.(exitCode);
      this.#waiting.delete(number);
    });
    // It ends when its input does, which is when this process ends.
    this.#shell.unref();
    for (const stream of [this.#shell.stdin, stdout]) {
      (stream as unknown as { unref(): void } | null)?.unref();
    }
  }

  async run(words: readonly string[], options: RunOptions): Promise<ProgramResult> {
    const number = ++this.#asked;
    const [input, output, errors] = ['in', 'out', 'err'].map((kind) =>
      join(this.#folder, `${number}.${kind}`),
    ) as [string, string, string];
    await writeFile(input, options.input ?? '');
    const variables = Object.entries(options.environment ?? {});
    const quoted = [
      ...variables.map(([name, value]) => `${name}=${quote(value)}`),
      ...words.map(quote),
    ].join(' ');
    // A promise that waits on nothing but what was unreferenced would let this process end.
    const held = setInterval(() => {}, 60_000);
    const exitCode = await new Promise<number>((resolve) => {
      this.#waiting.set(number, resolve);
      const line = `${quoted} <${input} >${output} 2>${errors}; echo ${number} $?`;
      this.#shell.stdin?.write(`{ ${line}; } &\n`);
    });
    clearInterval(held);
    const [stdout, stderr] = await Promise.all([
      readFile(output, 'utf8'),
      readFile(errors, 'utf8'),
    ]);
    await Promise.all([input, output, errors].map((file) => rm(file)));
    return { exitCode, stdout, stderr };
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export interface RunOptions {
  readonly input?: string;
  /** Besides those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProgramResult {
  /** 128 and the signal's number when a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

let small: SmallProcess | undefined;

/** Has the shell started, for tests that count what a process has open. */
export function prepareSmallProcess(): void {
  small ??= new SmallProcess();
}

/** Runs a program to its end, whatever that is. */
export function runProgram(
  words: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  prepareSmallProcess();
  return (small as SmallProcess).run(words, options);
}

/** Runs a program that has to succeed. @returns What it printed. */
export async function demandProgram(
  words: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(words, options);
  if (exitCode === 0) return stdout;
  throw new Error(`${words.join(' ')} ended with ${exitCode}: ${stderr.trim()}`);
}
