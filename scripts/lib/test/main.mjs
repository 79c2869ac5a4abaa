// @ts-check
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { add, none } from './counts.mjs';
import { endAll, logOf, runAll } from './runner.mjs';
import { allStages, results } from './stages.mjs';

const shownLines = 150;

const everything = allStages();
const asked = process.argv.slice(2);
if (asked.length === 1 && asked[0] === '--list') {
  for (const { name } of everything) console.log(name);
  process.exit(0);
}

const isMeant = (/** @type {string} */ name, /** @type {string} */ word) =>
  name === word || name.startsWith(`${word}-`);
for (const word of asked) {
  if (!everything.some(({ name }) => isMeant(name, word))) {
    console.error(`test: there is no stage ${word}; scripts/test --list names them`);
    process.exit(2);
  }
}
const wanted = everything.filter(({ name }) => asked.some((word) => isMeant(name, word)));
// What a stage is built on is run along with it.
const stages = everything.filter(
  (stage) =>
    asked.length === 0 ||
    wanted.includes(stage) ||
    wanted.some(({ after }) => after === stage.name),
);
const jobs = Number(process.env['LVSKIT_JOBS'] ?? availableParallelism());
if (!Number.isInteger(jobs) || jobs < 1) {
  console.error(`test: LVSKIT_JOBS is ${process.env['LVSKIT_JOBS']}, which is no number of jobs`);
  process.exit(2);
}

mkdirSync(results, { recursive: true });
const width = Math.max(...stages.map(({ name }) => name.length));
/** @type {Map<string, number>} */
const running = new Map();

// On a terminal the last line tells what is going on.
const showRunning = () => {
  if (!process.stdout.isTTY) return;
  const now = performance.now();
  const names = [...running].map(
    ([name, began]) => `${name} ${Math.round((now - began) / 1000)} s`,
  );
  process.stdout.write(`\r\x1b[K${names.length > 0 ? `running: ${names.join(', ')}` : ''}`);
};
const ticker = setInterval(showRunning, 1000);

/** @type {(line: string) => void} */
const print = (line) => {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  console.log(line);
};

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    endAll();
    print(`test: ended by ${signal}`);
    process.exit(1);
  });
}

const outcomes = await runAll(stages, jobs, {
  started(stage) {
    running.set(stage.name, performance.now());
    showRunning();
  },
  ended({ stage, counts, seconds, problem }) {
    running.delete(stage.name);
    const parts = [
      `${counts.passed} passed`,
      ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
      ...(counts.skipped > 0 ? [`${counts.skipped} skipped`] : []),
    ];
    const verdict = problem === undefined ? 'ok  ' : 'FAIL';
    print(`${verdict}  ${stage.name.padEnd(width)}  ${seconds.toFixed(1)} s  ${parts.join(', ')}`);
    if (problem !== undefined) {
      if (seconds > 0) {
        const lines = readFileSync(logOf(stage), 'utf8').trimEnd().split('\n');
        if (lines.length > shownLines) print(`  … the whole output is in ${logOf(stage)}`);
        for (const line of lines.slice(-shownLines)) print(`  ${line}`);
      }
      print(`FAIL  ${stage.name} ${problem}`);
    }
    showRunning();
  },
});
clearInterval(ticker);
if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');

const failures = outcomes.filter(({ problem }) => problem !== undefined);
if (failures.length > 0) {
  print('');
  for (const { stage, problem } of failures) print(`failed: ${stage.name} ${problem}`);
}
const total = outcomes.map(({ counts }) => counts).reduce(add, none);
print(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = failures.length === 0 && total.passed > 0 ? 0 : 1;
