// A director that runs: lvskit or keepalived.
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { configurationOf } from './configurations.mjs';
import { processorMs } from './processes.mjs';

const { BENCH_NODE: node, BENCH_LVSKIT: program, BENCH_SCRATCH: scratch } = process.env;

/** What each says when it has begun, and when it has taken in another configuration. */
const words = {
  lvskit: { started: '"started"', reloaded: '"reloaded"' },
  keepalived: { started: 'Using LinkWatch', reloaded: 'Reload finished' },
};

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Contestant {
  /** Everything that it has said. */
  lines = [];
  #waiting = [];

  constructor(name) {
    this.name = name;
    this.file = `${scratch}/${name}.conf`;
  }

  write(table) {
    // Whole at every moment: both may read it at any.
    writeFileSync(`${this.file}.new`, configurationOf(this.name, table, scratch));
    renameSync(`${this.file}.new`, this.file);
  }

  start() {
    const command =
      this.name === 'lvskit'
        ? [node, program, 'run', '--log-format', 'json', this.file]
        : [
            'keepalived',
            '-C',
            '-n',
            '-l',
            '-f',
            this.file,
            '-p',
            `${scratch}/k`,
            '-c',
            `${scratch}/c`,
          ];
    this.startedAt = performance.now();
    this.child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const look of this.#waiting) look(line);
      });
    }
    this.ended = new Promise((resolve) => this.child.on('exit', resolve));
  }

  /** Resolves when it says so, to how long that took from now, in milliseconds. */
  async says(what, limitMs = 300_000) {
    const from = performance.now();
    const wanted = words[this.name][what];
    await new Promise((resolve, reject) => {
      const give = () => reject(new Error(`${this.name} is not ${what}: ${this.lines.slice(-5)}`));
      const timer = setTimeout(give, limitMs);
      void this.ended.then(give);
      this.#waiting.push((line) => {
        if (!line.includes(wanted)) return;
        clearTimeout(timer);
        resolve();
      });
    });
    return performance.now() - from;
  }

  /** Resolves when it has taken less than 2 % of the processor for a second. */
  async rests() {
    for (let before = processorMs(this.child.pid); ; ) {
      await delay(1000);
      const now = processorMs(this.child.pid);
      if (now - before <= 20) return;
      before = now;
    }
  }

  get processorMs() {
    return processorMs(this.child.pid);
  }

  /** Ends at once: what it would clear up is gone with its namespace. */
  async kill() {
    this.child.kill(this.name === 'lvskit' ? 'SIGKILL' : 'SIGTERM');
    await this.ended;
  }
}
