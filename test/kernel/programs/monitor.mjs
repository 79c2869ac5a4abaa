// Run by tests with the addon's folder, a namespace and what to do:
// idle: opens a monitor that nobody waits for, and ends by itself if that keeps nothing alive;
// overflow: prints "ready" once it follows links and addresses, and "overflow" when events were lost.
import { createRequire } from 'node:module';

const [root, netns, scene] = process.argv.slice(2);
const addon = createRequire(import.meta.url)('node-gyp-build')(root);
const socket = new addon.RouteSocket();
await socket.open(netns);
const monitor = new addon.NetworkMonitor();
await monitor.open(socket, [1, 5, 9]);
console.log('ready');
if (scene === 'overflow') {
  for (;;) {
    const events = await monitor.next();
    if (events.some(({ table }) => table === 'overflow')) break;
  }
  console.log('overflow');
  monitor.close();
}
