// What checking costs: lets one contestant check servers each second, and prints what that took as
// one line of JSON.
//
//   node bench/director/checks.mjs lvskit|keepalived tcp|http SERVERS TURN
//
// Needs BENCH_NODE, BENCH_LVSKIT, BENCH_SCRATCH, BENCH_SECONDS (of measuring), and the servers.
import { Contestant, delay } from './contestant.mjs';
import { connectionsMade, residentKb } from './processes.mjs';

const [name, check, count, turn] = process.argv.slice(2);
const servers = 10;
const services = Number(count) / servers;
const seconds = Number(process.env.BENCH_SECONDS);
// Until every server has been asked, and the engine knows its way.
const warmUpMs = 20_000;

const contestant = new Contestant(name);
contestant.write({ services, servers, check, fall: 3, weight: 1 });
contestant.start();
await delay(warmUpMs);
const before = { cpu: contestant.processorMs, made: connectionsMade(), at: performance.now() };
await delay(seconds * 1000);
const cpuMs = contestant.processorMs - before.cpu;
const made = connectionsMade() - before.made;
const wallMs = performance.now() - before.at;
const memory = residentKb(contestant.child.pid);
if (process.env.BENCH_VERBOSE) console.error(contestant.lines.slice(0, 5).join('\n'));
await contestant.kill();
const work = `${check}-checks`;
const measured = { work, contestant: name, servers: Number(count), turn: Number(turn) };
console.log(JSON.stringify({ ...measured, cpuMs, made, wallMs, ...memory }));
