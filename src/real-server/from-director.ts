import type { DeclaredService } from '../config/director-config.ts';
import type { ComparedDestination } from '../ipvs/table-diff.ts';
import { RealServerError } from './real-server-error.ts';
import { checkSettings, familyOf, type RealServerSettings } from './settings.ts';
import type { WantedSetup } from './setups-file.ts';

/** What a director's configuration makes of one machine. */
export interface FromDirector {
  readonly setups: readonly WantedSetup[];
  /** What the file leaves open. */
  readonly notes: readonly string[];
}

/**
 * What this machine has to be for a director: for each way in which services reach one of its
 * addresses, a setup with their VIPs.
 *
 * @param own This machine's addresses.
 * @param given Settings that the director's file has not, such as the gateway of NAT.
 * @throws RealServerError `REAL_SERVER_CONFLICT` when no service has this machine as a server,
 * `REAL_SERVER_INVALID` when something more has to be given.
 */
export function settingsFromDirector(
  file: string,
  services: readonly DeclaredService[],
  own: readonly string[],
  given: Partial<RealServerSettings> = {},
): FromDirector {
  const groups = new Map<string, { readonly way: Way; readonly vips: Set<string> }>();
  const notes: string[] = [];
  let isServer = false;
  for (const { name, service } of services) {
    for (const destination of service.destinations) {
      if (!own.includes(destination.key.address)) continue;
      isServer = true;
      const way = wayTo(destination, service.key);
      if (way === undefined) continue;
      if (!('address' in service.key)) {
        notes.push(
          `service ${name} is a firewall mark, and the file does not say of which VIPs: give them with --vip in a setup of their own`,
        );
        continue;
      }
      const key = nameOf(way);
      const group = groups.get(key) ?? { way, vips: new Set<string>() };
      group.vips.add(service.key.address);
      groups.set(key, group);
    }
  }
  if (!isServer) {
    throw new RealServerError('REAL_SERVER_CONFLICT', `cannot use ${file}`, [
      `none of its servers is this machine, which has ${own.join(', ') || 'no address'}`,
    ]);
  }
  const setups = [...groups].map(([key, { way, vips }]) => ({
    name: `director-${key}`,
    settings: settingsFor(way, [...vips].sort(), given, groups.has('dr')),
  }));
  return { setups, notes };
}

/** How packets come to this machine. */
interface Way extends Pick<RealServerSettings, 'mode' | 'tunnelType' | 'tunnelPort' | 'outer'> {
  readonly tunnelChecksum?: boolean;
}

function wayTo(
  { forwarding, tunnel, key }: ComparedDestination,
  service: DeclaredService['service']['key'],
): Way | undefined {
  if (forwarding === 'dr' || forwarding === 'nat') return { mode: forwarding };
  if (forwarding !== 'tun') return undefined;
  const inner = 'address' in service ? familyOf(service.address) : (service.family ?? 'ipv4');
  const outer = familyOf(key.address);
  return {
    mode: 'tun',
    tunnelType: tunnel?.type ?? 'ipip',
    ...(tunnel?.type === 'gue' ? { tunnelPort: tunnel.port } : {}),
    ...(tunnel?.type === 'gre' && tunnel.checksum === 'full' ? { tunnelChecksum: true } : {}),
    ...(outer === inner ? {} : { outer }),
  };
}

function nameOf({ mode, tunnelType, tunnelPort, tunnelChecksum, outer }: Way): string {
  return [mode, tunnelType, tunnelPort, tunnelChecksum === true ? 'checksum' : undefined, outer]
    .filter((part) => part !== undefined)
    .join('-');
}

/** @param withDr Whether other services reach this machine by direct routing. */
function settingsFor(
  way: Way,
  vips: readonly string[],
  given: Partial<RealServerSettings>,
  withDr: boolean,
): RealServerSettings {
  const { interfaces, onlyInterfaces, gateways = [], replies, ports } = given;
  const families = new Set(vips.map(familyOf));
  return checkSettings({
    ...way,
    vips,
    // A VIP that comes both ways can be on one link only.
    ...(way.mode === 'tun' && withDr ? { device: 'lo' } : {}),
    ...(way.mode === 'nat'
      ? { gateways: gateways.filter((gateway) => families.has(familyOf(gateway))), replies, ports }
      : { interfaces, onlyInterfaces }),
  });
}
