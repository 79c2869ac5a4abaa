// Run on a kernel whose IPv6 is switched off: prints how requests that need it end there.
import { Ipvs } from '../../../dist/bundle/index.js';

const four = { protocol: 'tcp', address: '192.0.2.1', port: 80 };
const six = { protocol: 'tcp', address: '2001:db8::1', port: 80 };
const complete = {
  scheduler: 'rr',
  schedulerFlags: [],
  persistence: null,
  onePacket: false,
  persistenceEngine: null,
};
const said = (error) => `${error.code} ${error.errnoName}: ${error.message}`;

const ipvs = await Ipvs.open();
const results = await ipvs.transaction([
  { type: 'add-service', service: four },
  { type: 'add-service', service: six },
  { type: 'add-service', service: { firewallMark: 7, family: 'ipv6' } },
  { type: 'edit-service', service: six, config: complete },
  { type: 'remove-service', service: six },
  { type: 'zero', service: six },
  {
    type: 'add-destination',
    service: four,
    destination: { address: '2001:db8::2' },
    config: { forwarding: 'tun' },
  },
  { type: 'start-sync-daemon', daemon: { role: 'backup', interface: 'lo', group: 'ff02::81' } },
]);
console.log(
  JSON.stringify({
    changes: results.map((result) => (result.ok ? 'ok' : said(result.error))),
    find: await ipvs.find(six).then(String, said),
    table: (await ipvs.list()).map((service) => [String(service), service.destinations.length]),
    daemons: await ipvs.syncDaemons(),
  }),
);
await ipvs.close();
