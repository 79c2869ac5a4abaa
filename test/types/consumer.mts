// A program that uses the library as a module, with what must not compile marked as such. It is
// compiled, never run.
import {
  type Change,
  type ChangeResult,
  type DestinationConfig,
  type DestinationState,
  formatServiceKey,
  Ipvs,
  IpvsError,
  type IpvsErrorCode,
  type Network,
  parseServiceKey,
  type Scheduler,
  type ServiceConfig,
  type ServiceKey,
  type ServiceState,
  type Statistics,
  type Sysctl,
  type Tunnel,
  UnsupportedError,
} from 'lvskit';

const web = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
const mark: ServiceKey = { firewallMark: 7, family: 'ipv6' };

export async function balance(): Promise<void> {
  await using ipvs = await Ipvs.open({ netns: 'director' });
  await ipvs.add(web, { scheduler: 'wlc', persistence: { timeoutSeconds: 300, netmask: 24 } });
  await ipvs.add(mark);
  await ipvs.addDestination(web, { address: '10.0.0.11' }, { forwarding: 'dr', weight: 2 });
  await ipvs.edit(web, { persistence: null, persistenceEngine: null, schedulerFlags: [] });
  for (const service of await ipvs.list({ statistics: true, consistent: true })) {
    const bytes: bigint = service.statistics?.bytesIn ?? 0n;
    const weights: number[] = service.destinations.map(({ weight }) => weight);
    console.log(formatServiceKey(service.key), bytes, weights, `${service}`);
  }
  const found: ServiceState | undefined = await ipvs.find(parseServiceKey('tcp 192.0.2.10:80'));
  console.log(found?.key, JSON.stringify(found));

  const changes: Change[] = [
    { type: 'add-service', service: web },
    { type: 'zero' },
    { type: 'set-timeouts', timeouts: { udp: 30 } },
    { type: 'stop-sync-daemon', role: 'backup' },
  ];
  const results: readonly ChangeResult[] = await ipvs.transaction(changes);
  for (const result of results) {
    if (!result.ok) console.log(result.error.code, result.error.errnoName);
    // @ts-expect-error a change that was made has no error
    if (result.ok) console.log(result.error);
  }

  // @ts-expect-error a port is a number
  await ipvs.add({ protocol: 'tcp', address: '192.0.2.10', port: '80' });
  // @ts-expect-error an address service has a port
  await ipvs.add({ protocol: 'tcp', address: '192.0.2.10' });
  // @ts-expect-error IPVS does not balance ICMP
  await ipvs.add({ protocol: 'icmp', address: '192.0.2.10', port: 0 });
  // @ts-expect-error a service has an address or a mark
  await ipvs.add({ protocol: 'tcp', address: '192.0.2.10', port: 80, firewallMark: 7 });
  // @ts-expect-error an edit says what to edit
  await ipvs.edit(web);
  // @ts-expect-error there is no such setting
  await ipvs.edit(web, { algorithm: 'rr' });
  // @ts-expect-error there is no such type of change
  await ipvs.transaction([{ type: 'delete-service', service: web }]);
  // @ts-expect-error an edit of a destination names it
  await ipvs.transaction([{ type: 'edit-destination', service: web, config: { weight: 1 } }]);
  // @ts-expect-error the constructor is not for callers
  console.log(new Ipvs());
  // @ts-expect-error what was read is not for writing
  if (found !== undefined) found.scheduler = 'rr';
}

export const schedulers: Scheduler[] = ['rr', 'none', 'one-of-my-own'];
// @ts-expect-error a scheduler is named, not numbered
export const numbered: Scheduler = 7;

export const tunnels: Tunnel[] = [
  { type: 'ipip' },
  { type: 'gue', port: 6080, checksum: 'remote' },
  { type: 'gre', checksum: 'full' },
  // @ts-expect-error GUE needs its port
  { type: 'gue' },
  // @ts-expect-error remote checksums are for GUE
  { type: 'gre', checksum: 'remote' },
  // @ts-expect-error IPIP has no port
  { type: 'ipip', port: 1 },
];

export const settings: DestinationConfig = { forwarding: 'nat', weight: 0 };
// @ts-expect-error forwarding methods have the library's names
export const gate: DestinationConfig = { forwarding: 'gate' };
// @ts-expect-error absent is absent, not undefined
export const absent: ServiceConfig = { scheduler: undefined };
// @ts-expect-error only what an edit can clear is null
export const cleared: ServiceConfig = { scheduler: null };

export function total(statistics: Statistics): bigint {
  // @ts-expect-error counters do not fit a number
  const wrong: number = statistics.bytesIn;
  console.log(wrong);
  return statistics.bytesIn + statistics.bytesOut;
}

export function explain(error: unknown): string {
  if (error instanceof UnsupportedError) return error.code satisfies 'LVSKIT_UNSUPPORTED';
  if (!(error instanceof IpvsError)) return 'unknown';
  const code: IpvsErrorCode = error.code;
  // @ts-expect-error there is no such code
  if (code === 'IPVS_NO_SUCH_CODE') return 'never';
  return error.code === 'IPVS_SERVICE_EXISTS' ? 'there already' : error.message;
}

export function idle(destination: DestinationState): boolean {
  return destination.activeConnections + destination.inactiveConnections === 0;
}

export type Rest = typeof Network | typeof Sysctl;

// The table alone has the same types under its own name.
export type SameService = typeof import('lvskit/ipvs').Ipvs extends typeof Ipvs
  ? ServiceKey
  : never;
export const sameKey: SameService = mark;
