// Asks a port of this machine through the addon, says what came of it, and has nothing more to do.
import { createRequire } from 'node:module';

const [root, port] = process.argv.slice(2);
const addon = createRequire(import.meta.url)('node-gyp-build')(root);
const layout = addon.probeLayout;

const prober = new addon.Prober();
await prober.open(undefined, 10);
const request = new Uint8Array(layout.RequestRecord);
const view = new DataView(request.buffer);
view.setUint16(layout['RequestRecord.family'], 2, true);
view.setUint16(layout['RequestRecord.port'], Number(port), true);
view.setUint32(layout['RequestRecord.timeout_ms'], 30_000, true);
request.set([127, 0, 0, 1], layout['RequestRecord.address']);
prober.submit(request);
const { results } = await prober.next();
const error = new DataView(results).getUint16(layout['ResultRecord.error'], true);
console.log(`${error} answered`);
