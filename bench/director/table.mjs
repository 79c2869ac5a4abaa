// What a large table costs: a contestant begins with it, and then one weight of it changes. Prints what
// that took as one line of JSON.
//
//   node bench/director/table.mjs lvskit|keepalived SERVICES TURN
//
// Needs BENCH_NODE, BENCH_LVSKIT, BENCH_SCRATCH and BENCH_BIN.
import { spawnSync } from 'node:child_process';
import { Contestant, delay } from './contestant.mjs';
import { residentKb } from './processes.mjs';

const [name, count, turn] = process.argv.slice(2);
const services = Number(count);
const { BENCH_BIN: programs, BENCH_NODE: node, BENCH_LVSKIT: program } = process.env;
const table = { services, servers: 10, check: 'none', fall: 3, weight: 1 };
const measured = { work: 'table', contestant: name, services, turn: Number(turn) };

/** Milliseconds by the clock. */
function timeOf(command, ...words) {
  const from = performance.now();
  const { status } = spawnSync(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ended with status ${status}`);
  return performance.now() - from;
}

const contestant = new Contestant(name);
contestant.write(table);
if (name === 'lvskit') {
  // What it is to have is there already.
  timeOf(`${programs}/floor`, 'load', String(services), '10');
  measured.listMs = timeOf(node, program, 'list');
  measured.ipvsadmListMs = timeOf('ipvsadm', '-Ln');
  contestant.start();
  measured.startMs = await contestant.tells('started');
  measured.startCpuMs = contestant.processorMs;
  measured.startChanges = contestant.lines.filter((line) =>
    line.includes('"table-changed"'),
  ).length;
  // A few comparisons, and what they take of the processor.
  await delay(10_000);
  const before = contestant.processorMs;
  await delay(10_000);
  measured.idleShare = (contestant.processorMs - before) / 10_000;
} else {
  contestant.start();
  await contestant.rests();
}
contestant.write({ ...table, weight: 2 });
const before = contestant.processorMs;
contestant.child.kill('SIGHUP');
if (name === 'lvskit') {
  measured.reloadMs = await contestant.tells('reloaded');
  const event = contestant.lines.find((line) => line.includes('"reloaded"'));
  measured.reloadChanges = JSON.parse(event).changes;
} else {
  await contestant.rests();
}
measured.reloadCpuMs = contestant.processorMs - before;
Object.assign(measured, residentKb(contestant.child.pid));
await contestant.kill();
console.log(JSON.stringify(measured));
