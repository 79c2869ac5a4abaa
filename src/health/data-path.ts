import type { Check, DataPathTarget } from '../config/checks.ts';
import {
  dataPathMarks,
  doctorMarks,
  isDataPathService,
  isDoctorService,
} from '../config/data-path-marks.ts';
import { canonicalService } from '../ipvs/table-definition.ts';
import type { ComparedDestination, ComparedService } from '../ipvs/table-diff.ts';
import { familyOf, parseIp } from '../net/ip.ts';
import { leavesOf } from './check-tree.ts';

/**
 * The private services by which checks go through the data path: one for each server and way of
 * forwarding, by a firewall mark, with that server alone. What a check sends to the VIP with the mark
 * reaches that server just as what clients send does, whatever the VIP and the port.
 */
export class DataPath {
  /** By what the mark leads to. */
  readonly #marks = new Map<string, number>();
  readonly #services = new Map<string, ComparedService>();

  /**
   * Marks keep what they lead to for as long as somebody goes there, so that a reload, or a director
   * that takes over from another, changes nothing.
   *
   * @param found The kernel's table; private services in it keep their marks.
   */
  constructor(
    checks: readonly (Check | undefined)[],
    before: DataPath | undefined = undefined,
    found: readonly ComparedService[] = [],
  ) {
    const wanted = new Map<string, DataPathTarget>();
    for (const check of checks) {
      for (const { target } of leavesOf(check)) {
        if (target.path === 'data-path') wanted.set(wayOf(target), target);
      }
    }
    const taken = new Set<number>();
    for (const [way, mark] of [...(before === undefined ? [] : before.#marks), ...marksIn(found)]) {
      if (!wanted.has(way) || this.#marks.has(way) || taken.has(mark)) continue;
      this.#marks.set(way, mark);
      taken.add(mark);
    }
    let next: number = dataPathMarks.first;
    for (const [way, target] of wanted) {
      let mark = this.#marks.get(way);
      if (mark === undefined) {
        while (taken.has(next)) next++;
        if (next >= doctorMarks.first) throw new RangeError(tooMany);
        mark = next++;
        this.#marks.set(way, mark);
      }
      this.#services.set(way, serviceOf(target, mark));
    }
  }

  /** What the kernel is to have, besides the services of the configuration. */
  get services(): readonly ComparedService[] {
    return [...this.#services.values()];
  }

  /** The mark that leads to a server. */
  markOf(target: DataPathTarget): number {
    const mark = this.#marks.get(wayOf(target));
    if (mark === undefined) throw new RangeError(`no mark leads to ${target.server.address}`);
    return mark;
  }
}

const tooMany = `checks go through the data path to more than ${
  doctorMarks.first - dataPathMarks.first
} servers`;

/** What has to be the same for two targets to have one mark. */
function wayOf({ address, server }: DataPathTarget): string {
  return wayText(familyOf(address), parseIp(server.address).bytes, server);
}

function wayText(
  family: string,
  bytes: Uint8Array,
  { forwarding, tunnel }: Pick<ComparedDestination, 'forwarding' | 'tunnel'>,
): string {
  return JSON.stringify([family, [...bytes], forwarding, tunnel ?? null]);
}

/** The marks that the kernel has, as far as they lead to one server. */
function marksIn(found: readonly ComparedService[]): Map<string, number> {
  const marks = new Map<string, number>();
  for (const service of found) {
    const { key } = service;
    if (key.firewallMark === undefined || !isDataPathService(key) || isDoctorService(key)) continue;
    const [only, ...more] = service.destinations;
    if (only === undefined || more.length > 0) continue;
    const way = wayText(key.family ?? 'ipv4', parseIp(only.key.address).bytes, only);
    marks.set(way, key.firewallMark);
  }
  return marks;
}

function serviceOf({ address, server }: DataPathTarget, mark: number): ComparedService {
  const { forwarding, tunnel } = server;
  return canonicalService({
    key: { firewallMark: mark, family: familyOf(address) },
    config: { scheduler: 'rr' },
    destinations: [
      {
        key: { address: server.address, port: 0 },
        config: { forwarding, weight: 1, ...(tunnel !== undefined && { tunnel }) },
      },
    ],
  });
}
