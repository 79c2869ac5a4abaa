// Run in a guest with little memory: leaves the kernel plenty of it, but in pieces of 32 KiB only,
// and starts sync daemons, whose buffers are larger, until it says that it has no more.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Ipvs, NetworkNamespace, Sysctl } from '../../../dist/bundle/index.js';

const folder = process.argv[2];
const piece = Buffer.alloc(32 * 1024, 1);
const freeKib = async () =>
  Number(/^MemFree: +(\d+)/m.exec(await readFile('/proc/meminfo', 'utf8'))[1]);

// Files of a ramfs are not evictable, and then not moved to make room either.
await writeFile('/proc/sys/vm/compact_unevictable_allowed', '0');
await mkdir(folder, { recursive: true });
let files = 0;
while ((await freeKib()) > 32 * 1024) {
  for (let more = 0; more < 32; more++) await writeFile(`${folder}/${files++}`, piece);
}
for (let file = 0; file < files; file += 2) await rm(`${folder}/${file}`);

const clients = [];
let refusal;
while (refusal === undefined && clients.length < 100) {
  const { name } = await NetworkNamespace.create(`full-${clients.length}`);
  const ipvs = await Ipvs.open({ netns: name });
  clients.push(ipvs);
  // A thread and a buffer for each port.
  await new Sysctl({ netns: name }).write('net.ipv4.vs.sync_ports', 64);
  await ipvs
    .startSyncDaemon({ role: 'backup', interface: 'lo', maxLength: 65_507 })
    .catch((error) => {
      refusal = error;
    });
}
const last = clients.at(-1);
console.log(
  JSON.stringify({
    code: refusal?.code,
    errnoName: refusal?.errnoName,
    message: refusal?.message,
    daemons: await last.syncDaemons(),
    enough: (await freeKib()) > 8 * 1024,
  }),
);
// What was refused works again once there is room.
for (const ipvs of clients.slice(0, -1)) await ipvs.stopSyncDaemon('backup');
await last.startSyncDaemon({ role: 'backup', interface: 'lo', maxLength: 65_507 });
console.log(JSON.stringify((await last.syncDaemons()).length));
await last.stopSyncDaemon('backup');
for (const ipvs of clients) await ipvs.close();
