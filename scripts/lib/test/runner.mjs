// @ts-check
// Runs stages, some at a time, each in a process group of its own.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { none } from './counts.mjs';
import { results } from './stages.mjs';

/**
 * @typedef {import('./stages.mjs').Stage} Stage
 *
 * @typedef {object} Outcome
 * @property {Stage} stage
 * @property {import('./counts.mjs').Counts} counts
 * @property {number} seconds
 * @property {string} [problem] why it failed, if it did
 */

/** @type {Set<number>} */
const groups = new Set();

/** Ends every stage that runs, with all it has started. */
export function endAll() {
  for (const group of groups) endGroup(group, 'SIGTERM');
}

/** @type {(group: number, signal: NodeJS.Signals) => void} */
function endGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // It ended by itself.
  }
}

/** @type {(stage: Stage) => string} */
export const logOf = (stage) => `${results}/${stage.name}.log`;

// Guests sleep often enough to leave what this needs, and must not notice it.
const inBackground = ['nice', '-n', '15'];

/** @type {(stage: Stage) => Promise<string | undefined>} what is wrong with how it ended */
async function execute(stage) {
  const log = createWriteStream(logOf(stage));
  try {
    const prefix = stage.background ? inBackground : [];
    const [program = '', ...args] = [...prefix, ...stage.command()];
    return await new Promise((resolve) => {
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
        env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...stage.environment?.() },
      });
      let expired = false;
      const timer = setTimeout(() => {
        expired = true;
        if (child.pid === undefined) return;
        endGroup(child.pid, 'SIGTERM');
        setTimeout(() => endGroup(child.pid ?? 0, 'SIGKILL'), 10_000).unref();
      }, stage.timeoutSeconds * 1000);
      if (child.pid !== undefined) groups.add(child.pid);
      child.stdout.pipe(log, { end: false });
      child.stderr.pipe(log, { end: false });
      child.on('error', (error) => resolve(`cannot be run: ${error.message}`));
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        if (child.pid !== undefined) groups.delete(child.pid);
        if (expired) resolve(`did not end within ${stage.timeoutSeconds} s`);
        else if (signal !== null) resolve(`was ended by ${signal}`);
        else resolve(code === 0 ? undefined : `ended with status ${code}`);
      });
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    log.end();
    await finished(log);
  }
}

/** @type {(stage: Stage) => Promise<Outcome>} */
async function run(stage) {
  const began = performance.now();
  // A report of an earlier run must not speak for this one.
  rmSync(`${results}/${stage.name}.json`, { force: true });
  let problem = await execute(stage);
  let counts = none;
  try {
    counts = stage.count(readFileSync(logOf(stage), 'utf8'), problem === undefined);
  } catch (error) {
    problem ??= error instanceof Error ? error.message : String(error);
  }
  if (problem === undefined && counts.failed > 0) problem = 'has failures';
  if (problem === undefined && counts.passed === 0) problem = 'ran no test';
  if (problem !== undefined && counts.failed === 0) counts = { ...counts, failed: 1 };
  const seconds = (performance.now() - began) / 1000;
  return { stage, counts, seconds, ...(problem === undefined ? {} : { problem }) };
}

/**
 * Runs stages in their order, `jobs` at a time and besides them one in the background; one whose
 * predecessor failed fails unrun.
 *
 * @param {readonly Stage[]} stages
 * @param {number} jobs
 * @param {{ started(stage: Stage): void, ended(outcome: Outcome): void }} listener
 * @returns {Promise<readonly Outcome[]>}
 */
export async function runAll(stages, jobs, listener) {
  const waiting = [...stages];
  /** @type {Map<string, Outcome>} */
  const outcomes = new Map();
  /** @type {Map<string, Promise<void>>} */
  const running = new Map();
  const isReady = (/** @type {Stage} */ { after }) =>
    after === undefined || outcomes.has(after) || !stages.some(({ name }) => name === after);

  const mayStart = (/** @type {Stage} */ stage) => {
    if (!isReady(stage)) return false;
    if (stage.background) return running.size <= jobs;
    const before = stages.filter(({ name, background }) => running.has(name) && !background);
    return before.length < jobs;
  };

  while (waiting.length > 0 || running.size > 0) {
    const index = waiting.findIndex(mayStart);
    const [stage] = index === -1 ? [] : waiting.splice(index, 1);
    if (stage === undefined) {
      await Promise.race(running.values());
      continue;
    }
    const before = stage.after === undefined ? undefined : outcomes.get(stage.after);
    const settle = (/** @type {Outcome} */ outcome) => {
      outcomes.set(stage.name, outcome);
      running.delete(stage.name);
      listener.ended(outcome);
    };
    if (before?.problem !== undefined) {
      const counts = { ...none, failed: 1 };
      settle({ stage, counts, seconds: 0, problem: `needs ${stage.after}, which failed` });
      continue;
    }
    listener.started(stage);
    running.set(stage.name, run(stage).then(settle));
  }
  return stages.flatMap(({ name }) => outcomes.get(name) ?? []);
}
