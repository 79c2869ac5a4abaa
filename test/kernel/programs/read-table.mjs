// Run in a user namespace of its own by ipvs-access.test.ts: prints how reading the table and
// changing it end there.
import { createRequire } from 'node:module';

const addon = createRequire(import.meta.url)('node-gyp-build')(process.argv[2]);
const socket = new addon.IpvsSocket();
const outcomes = { open: 0, read: 0, change: 0 };
const flush = new Uint8Array(152);
flush[0] = 17;

try {
  await socket.open();
  await socket
    .readTable({ statistics: false, destinations: true, consistent: false })
    .catch((error) => {
      outcomes.read = error.errno;
    });
  const [failure] = await socket.execute(flush);
  outcomes.change = failure?.errno ?? 0;
} catch (error) {
  outcomes.open = error.errno;
}
console.log(JSON.stringify(outcomes));
