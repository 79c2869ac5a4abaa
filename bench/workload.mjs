// One kind of work, done as a user of the library would do it. Standard output gets what `list`
// lists; the descriptor that BENCH_REPORT_FD names the time of each phase, in milliseconds.
//
//   node bench/workload.mjs load|list|edit|weigh|clear SERVICES DESTINATIONS
import { Ipvs } from 'lvskit/ipvs';

const begun = performance.now();
// An import of node:fs would evaluate all of it, streams included, as much as a small program costs.
const { writeSync } = process.getBuiltinModule('node:fs');
const [work, services, destinations] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const PORT = 80;
// As many changes as are handed over at once: enough to make a call cheap, few enough to be small.
const CHANGES_AT_ONCE = 2048;

const dotted = (number) =>
  `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;

async function apply(ipvs, type, config) {
  let operations = 0;
  let changes = [];
  const hand = async () => {
    for (const result of await ipvs.transaction(changes)) {
      if (!result.ok) throw result.error;
    }
    operations += changes.length;
    changes = [];
  };
  for (let number = 0; number < services; number++) {
    const service = { protocol: 'tcp', address: dotted(0x0a640000 + number), port: PORT };
    if (type === 'add-destination') {
      changes.push({ type: 'add-service', service, config: { scheduler: 'wlc' } });
    }
    for (let index = 0; index < destinations; index++) {
      const address = dotted(0xac100000 + number * destinations + index);
      changes.push({ type, service, destination: { address, port: PORT }, config: config() });
    }
    if (changes.length >= CHANGES_AT_ONCE) await hand();
  }
  if (changes.length > 0) await hand();
  return operations;
}

// The columns of `ipvsadm -Ln --stats`.
async function list(ipvs) {
  let operations = 0;
  let text = 'Prot LocalAddress:Port Conns InPkts OutPkts InBytes OutBytes -> RemoteAddress:Port\n';
  const line = (name, s) => {
    operations++;
    text += `${name} ${s.connections} ${s.packetsIn} ${s.packetsOut} ${s.bytesIn} ${s.bytesOut}\n`;
    if (text.length > 16_000) {
      writeSync(1, text);
      text = '';
    }
  };
  for (const service of await ipvs.list({ statistics: true })) {
    const { protocol, address, port } = service.key;
    line(`${protocol.toUpperCase()} ${address}:${port}`, service.statistics);
    for (const { key, statistics } of service.destinations) {
      line(`  -> ${key.address}:${key.port}`, statistics);
    }
  }
  writeSync(1, text);
  return operations;
}

const ipvs = await Ipvs.open();
const opened = performance.now();
let operations = 0;
if (work === 'load') {
  const config = () => ({ forwarding: 'dr', weight: 1 });
  operations = await apply(ipvs, 'add-destination', config);
} else if (work === 'edit') {
  // What `ipvsadm -e` sends: all of it, so that nothing has to be read first.
  const config = () => ({ forwarding: 'dr', weight: 5, upperThreshold: 0, lowerThreshold: 0 });
  operations = await apply(ipvs, 'edit-destination', config);
} else if (work === 'weigh') {
  operations = await apply(ipvs, 'edit-destination', () => ({ weight: 7 }));
} else if (work === 'list') {
  operations = await list(ipvs);
} else if (work === 'clear') {
  await ipvs.flush();
} else {
  throw new RangeError(`unknown work ${work}`);
}
const finished = performance.now();
await ipvs.close();

const { BENCH_REPORT_FD: report } = process.env;
if (report !== undefined) {
  const phases = {
    insideMs: finished - begun,
    startMs: begun,
    openMs: opened - begun,
    workMs: finished - opened,
    operations,
  };
  writeSync(Number(report), JSON.stringify(phases));
}
