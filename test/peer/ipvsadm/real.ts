import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Outcome, Step } from './outcome.ts';

const source = fileURLToPath(new URL('fork_server.c', import.meta.url));
const folder = fileURLToPath(new URL('../../../build/peer', import.meta.url));
const library = `${folder}/fork_server.so`;

/** Guests compile at the same time as each other: each its own, and the last one stays. */
async function compileForkServer(): Promise<string> {
  const made = await stat(library).catch(() => undefined);
  if (made !== undefined && made.mtimeMs > (await stat(source)).mtimeMs) return library;
  await mkdir(folder, { recursive: true });
  const unfinished = `${library}.${process.pid}.${process.hrtime.bigint()}`;
  const flags = ['-shared', '-fPIC', '-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror'];
  try {
    await promisify(execFile)('gcc', [...flags, '-o', unfinished, source]);
    await rename(unfinished, library);
  } finally {
    await rm(unfinished, { force: true });
  }
  return library;
}

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name] as const),
);

function statusOf(waited: number): number | string {
  const signal = waited & 0x7f;
  return signal === 0 ? (waited >> 8) & 0xff : (signalNames.get(signal) ?? `signal ${signal}`);
}

const number = (value: number): Buffer => {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value);
  return four;
};

function requestOf(netns: string, steps: readonly Step[], fresh: boolean): Buffer {
  const parts = [Buffer.from(`${netns}\0`), number(fresh ? 1 : 0), number(steps.length)];
  for (const { words, input = '' } of steps) {
    parts.push(number(words.length + 1), Buffer.from('ipvsadm\0'));
    parts.push(...words.map((word) => Buffer.from(`${word}\0`, 'latin1')));
    parts.push(number(input.length), Buffer.from(input, 'latin1'));
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([number(body.length), body]);
}

/**
 * Debian's own ipvsadm, started once: every command is a fork of it from before its main(). See
 * fork_server.c.
 */
export class RealIpvsadm {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<Buffer>;
  readonly #requests: Duplex;
  #held: Buffer = Buffer.alloc(0);

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#requests = process.stdio[3] as Duplex;
    this.#answers = (process.stdio[4] as Duplex)[Symbol.asyncIterator]();
  }

  static async start(): Promise<RealIpvsadm> {
    const child = spawn('ipvsadm', [], {
      env: { ...process.env, LD_PRELOAD: await compileForkServer() },
      stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'],
    });
    await once(child, 'spawn');
    return new RealIpvsadm(child);
  }

  /**
   * Runs the steps one after the other in the namespace with this path.
   *
   * @param fresh Whether each gets a process of its own. Default: false.
   */
  async run(netns: string, steps: readonly Step[], fresh = false): Promise<readonly Outcome[]> {
    this.#requests.write(requestOf(netns, steps, fresh));
    const outcomes: Outcome[] = [];
    for (const _ of steps) {
      const head = await this.#take(12);
      const stdout = await this.#take(head.readUInt32LE(4));
      const stderr = await this.#take(head.readUInt32LE(8));
      outcomes.push({
        status: statusOf(head.readUInt32LE(0)),
        stdout: stdout.toString('latin1'),
        stderr: stderr.toString('latin1'),
      });
    }
    return outcomes;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#requests.end();
    await ended;
  }

  async #take(size: number): Promise<Buffer> {
    while (this.#held.length < size) {
      const { value, done } = await this.#answers.next();
      if (done === true) throw new Error('the real ipvsadm ended without an answer');
      this.#held = Buffer.concat([this.#held, value]);
    }
    const taken = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    return taken;
  }
}
