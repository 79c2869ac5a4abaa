// How long a server that has died goes on getting connections: ends one of three servers again and
// again, and prints when the kernel has it at weight 0, as one line of JSON for each death.
//
//   node bench/director/death.mjs lvskit|keepalived refused|silent DEATHS TURN
//
// Needs BENCH_NODE, BENCH_LVSKIT, BENCH_SCRATCH, BENCH_BIN, and a link dummy0 that leads nowhere.
import { spawn, spawnSync } from 'node:child_process';
import { Ipvs } from 'lvskit/ipvs';
import { serverOf } from './configurations.mjs';
import { Contestant, delay } from './contestant.mjs';

const [name, kind, deaths, turn] = process.argv.slice(2);
const lookMs = 2;

const listen = (number) =>
  spawn(`${process.env.BENCH_BIN}/listener`, ['80', serverOf(number)], { stdio: 'inherit' });
const route = (verb, ...words) =>
  spawnSync('busybox', ['ip', 'route', verb, ...words], { stdio: 'inherit' });

const listeners = [0, 1, 2].map(listen);
// What is sent there is lost; for the others the wider route holds.
const silence = ['unicast', `${serverOf(0)}/32`, 'dev', 'dummy0', 'table', 'local'];
const end = () => (kind === 'silent' ? route('add', ...silence) : listeners[0].kill('SIGKILL'));
const begin = () => {
  if (kind === 'silent') route('del', ...silence);
  else listeners[0] = listen(0);
};

const ipvs = await Ipvs.open();
async function weighs(weight) {
  for (;;) {
    const [service] = await ipvs.list();
    const server = service?.destinations.find(({ key }) => key.address === serverOf(0));
    if (server?.weight === weight) return performance.now();
    await delay(lookMs);
  }
}

const contestant = new Contestant(name);
contestant.write({ services: 1, servers: 3, check: 'tcp', fall: 3, weight: 1 });
contestant.start();
for (let death = 1; death <= Number(deaths); death++) {
  await weighs(1);
  // At any moment between two checks.
  await delay(2000 + Math.random() * 1000);
  const diedAt = performance.now();
  end();
  const ms = (await weighs(0)) - diedAt;
  const work = `death-${kind}`;
  console.log(JSON.stringify({ work, contestant: name, turn: Number(turn), death, ms }));
  begin();
}
await contestant.kill();
for (const listener of listeners) listener.kill();
await ipvs.close();
