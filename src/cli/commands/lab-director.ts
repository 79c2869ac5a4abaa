import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { labDirectorConfig } from '../../lab/director-config.ts';
import type { Lab } from '../../lab/lab.ts';
import { waitFor } from '../../lab/wait.ts';
import type { DirectorEvent } from '../../observe/director-event.ts';
import { ownProgram } from '../own-program.ts';

export interface LabDirectorOptions
  extends Omit<Parameters<typeof labDirectorConfig>[1], 'folder'> {
  readonly onEvent: (event: DirectorEvent) => void;
  /** Ends the waiting for it. */
  readonly signal: AbortSignal;
}

/** The director of a lab: `lvskit run` with a file of its own, as a process of its own. */
export class LabDirector implements AsyncDisposable {
  /** What is in its `lvskit.yaml`. */
  readonly config: string;
  /** Everything that those who directed have told. */
  readonly events: DirectorEvent[] = [];
  /** Where `lvskit status` and the like find it. */
  readonly socket: string;
  readonly #lab: Lab;
  readonly #options: LabDirectorOptions;
  readonly #folder: string;
  #process: DirectorProcess | undefined;
  #isOver = false;

  private constructor(lab: Lab, folder: string, options: LabDirectorOptions) {
    this.#lab = lab;
    this.#options = options;
    this.#folder = folder;
    this.config = labDirectorConfig(lab, { ...options, folder });
    this.socket = join(folder, 'control.sock');
  }

  /** Writes its file; nothing runs yet. */
  static async create(lab: Lab, options: LabDirectorOptions): Promise<LabDirector> {
    const folder = await mkdtemp(join(tmpdir(), 'lvskit-lab-'));
    const director = new LabDirector(lab, folder, options);
    await writeFile(director.#file, director.config);
    return director;
  }

  /** Starts it. Done when it directs. */
  async start(): Promise<void> {
    const from = this.events.length;
    const process = new DirectorProcess(this.#file, this.#lab.director.netns, (event) => {
      if (this.#isOver) return;
      this.events.push(event);
      this.#options.onEvent(event);
    });
    this.#process = process;
    const hasStarted = () => {
      if (process.hasEnded) throw new Error(`lvskit run has ended: ${process.errors.trim()}`);
      return this.events.slice(from).some(({ event }) => event === 'started');
    };
    await waitFor('lvskit run directs', hasStarted, this.#options.signal);
  }

  /** Done when the kernel balances over all servers; without a check that passed it does not. */
  async serving(): Promise<void> {
    const lab = this.#lab;
    const { port, weights, signal } = this.#options;
    const service = { protocol: 'tcp', address: lab.vip, port } as const;
    const isServing = async () => {
      const refusal = this.events.find(({ event }) => event === 'service-refused');
      if (refusal?.event === 'service-refused') throw new Error(refusal.reason);
      const found = await lab.ipvs.find(service);
      return lab.realServers.every(({ address }, index) => {
        const server = found?.destinations.find(({ key }) => key.address === address);
        return server?.weight === weights[index];
      });
    };
    await waitFor('every real server is given connections', isServing, signal);
  }

  /** Ends it with nothing that it could do about it. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#process?.end('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#folder, 'lvskit.yaml');
  }
}

class DirectorProcess {
  /** What it wrote on standard error. */
  errors = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(file: string, netns: string, onEvent: (event: DirectorEvent) => void) {
    const words = [ownProgram, 'run', file, '--netns', netns, '--log-format', 'json'];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#ended = once(child, 'close').catch((error: unknown) => {
      this.errors += String(error);
    });
    createInterface({ input: child.stdout }).on('line', (line) => onEvent(JSON.parse(line)));
    child.stderr.on('data', (text: Buffer) => {
      this.errors += text.toString();
    });
  }

  get hasEnded(): boolean {
    const { exitCode, signalCode, pid } = this.#child;
    return exitCode !== null || signalCode !== null || pid === undefined;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.hasEnded) this.#child.kill(signal);
    await this.#ended;
  }
}
