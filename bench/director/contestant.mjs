// A director that runs: lvskit or keepalived.
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { configurationOf } from './configurations.mjs';
import { processorMs, treeOf } from './processes.mjs';

const { BENCH_NODE: node, BENCH_LVSKIT: program, BENCH_SCRATCH: scratch } = process.env;

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Contestant {
  /** Everything that it has said: keepalived nothing, since its log is worth no figure. */
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
        : ['keepalived', '-C', '-n', '-G', '-f', this.file, '-p', `${scratch}/k`];
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

  /** Resolves when lvskit tells of an event, to how long that took from now, in milliseconds. */
  async tells(event, limitMs = 300_000) {
    const from = performance.now();
    const wanted = `"${event}"`;
    await new Promise((resolve, reject) => {
      const give = () =>
        reject(new Error(`${this.name} has not ${event}: ${this.lines.slice(-5)}`));
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

  /** Ends at once: what it would clear up, for minutes with a large table, goes with its namespace. */
  async kill() {
    for (const pid of treeOf(this.child.pid)) process.kill(Number(pid), 'SIGKILL');
    await this.ended;
  }
}
