// Run by lifetime tests with the addon's folder and what to do. Ends with status 0 and one line of
// JSON when the process has survived it.
import { readdirSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const require = createRequire(import.meta.url);
const [root, scene, count] = isMainThread ? process.argv.slice(2) : workerData;
const addon = require('node-gyp-build')(root);

const keys = new Uint8Array(80 * 64);
keys[0] = 2;

/** Connections to a port of this machine where nobody listens; the layout is that of the addon. */
const probes = new Uint8Array(50 * addon.probeLayout.RequestRecord);
const probe = new DataView(probes.buffer);
for (let at = 0; at < probes.length; at += addon.probeLayout.RequestRecord) {
  probe.setUint16(at + addon.probeLayout['RequestRecord.family'], 2, true);
  probe.setUint16(at + addon.probeLayout['RequestRecord.port'], 1, true);
  probe.setUint32(at + addon.probeLayout['RequestRecord.timeout_ms'], 60_000, true);
  probes.set([127, 0, 0, 1], at + addon.probeLayout['RequestRecord.address']);
}

/** Calls without end, several at once, so that some are always under way. */
async function busy(report) {
  const route = new addon.RouteSocket();
  await route.open();
  const ipvs = new addon.IpvsSocket();
  const hasIpvs = await ipvs.open().then(
    () => true,
    () => false,
  );
  const monitor = new addon.NetworkMonitor();
  await monitor.open(route, [1]);
  const waiting = monitor.next();
  const prober = new addon.Prober();
  await prober.open(undefined, 100);
  const loop = async (call) => {
    for (;;) await call();
  };
  const options = { statistics: true, destinations: true, consistent: true };
  const loops = [
    loop(() => route.list('link', {})),
    loop(() => route.list('route', {})),
    loop(() => new addon.RouteSocket().open()),
    loop(() => addon.readSysctl('kernel/ostype')),
    loop(() => {
      prober.submit(probes);
      return prober.next();
    }),
    loop(() => addon.readSysctl('kernel/ostype', '/proc/self/ns/net').catch(() => undefined)),
  ];
  if (hasIpvs) {
    loops.push(loop(() => ipvs.readTable(options).catch(() => undefined)));
    loops.push(loop(() => ipvs.readDestinations(keys).catch(() => undefined)));
  }
  report();
  await Promise.race([waiting, ...loops]);
}

function sockets() {
  return readdirSync('/proc/self/fd').filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

async function terminateWorkers() {
  const before = sockets();
  for (let run = 0; run < Number(count); run++) {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: [root, scene, run] });
    const ready = new Promise((resolve) => worker.once('message', resolve));
    const failed = new Promise((_, reject) => worker.once('error', reject));
    // Some are ended while they are starting, most in the middle of their calls.
    await Promise.race([run % 5 === 4 ? sleep(run) : ready, failed]);
    await sleep(run % 4);
    await worker.terminate();
  }
  console.log(JSON.stringify({ survived: Number(count), leaked: sockets() - before }));
}

if (!isMainThread) {
  await busy(() => parentPort.postMessage('ready'));
} else if (scene === 'workers') {
  await terminateWorkers();
} else if (scene === 'exit') {
  process.once('exit', () => console.log(JSON.stringify({ survived: 1 })));
  await busy(() => setTimeout(() => process.exit(0), Number(count)));
} else if (scene === 'exception') {
  process.once('uncaughtExceptionMonitor', () => console.log(JSON.stringify({ survived: 1 })));
  await busy(() =>
    setTimeout(() => {
      throw new Error('on purpose');
    }, Number(count)),
  );
} else if (scene === 'forgotten') {
  const route = new addon.RouteSocket();
  await route.open();
  await route.list('link', {});
  const ipvs = new addon.IpvsSocket();
  await ipvs.open().catch(() => undefined);
  console.log(JSON.stringify({ survived: 1 }));
}
