import { release } from 'node:os';
import { withoutDataPathServices } from '../config/data-path-marks.ts';
import { Ipvs } from '../ipvs/client.ts';
import { formatDestinationKey } from '../ipvs/destination.ts';
import { formatServiceKey, type ServiceKey } from '../ipvs/service.ts';
import { canonicalServiceKey } from '../ipvs/table-definition.ts';
import { type ComparedService, diffTables } from '../ipvs/table-diff.ts';
import { formatIp, parseIp } from '../net/ip.ts';
import { Network } from '../net/network.ts';
import { Sysctl } from '../net/sysctl.ts';
import { bare } from '../real-server/interfaces.ts';
import type { PlaceOptions } from '../real-server/place.ts';
import type { ExaminedService, ServerFacts, VipFacts, WireAnswer, WireFacts } from './facts.ts';
import { addressKey } from './facts.ts';
import { areas, type Finding, finding } from './finding.ts';
import { readInterfaces, readSysctls, readVip, readWay } from './gather.ts';
import { judgeDirector } from './judge-director.ts';
import { judgeLoad } from './judge-load.ts';
import { judgePrograms } from './judge-programs.ts';
import { judgeServer } from './judge-servers.ts';
import { type ConfigFacts, judgeTable } from './judge-table.ts';
import { judgeTunnels } from './judge-tunnels.ts';
import { judgeVips } from './judge-vips.ts';
import { findPrograms } from './programs.ts';
import { missingSchedulers } from './schedulers.ts';
import { countConnections, examined, union } from './table.ts';
import { withTrials } from './trials.ts';
import { askOnWire } from './wire.ts';

export interface DoctorOptions extends PlaceOptions {
  /** What the table should be. */
  readonly config?:
    | { readonly file: string; readonly table: readonly ComparedService[] }
    | undefined;
  /** Look at this one alone. */
  readonly service?: ServiceKey | undefined;
  /** Whether to ask on the networks who has the virtual addresses. Default true. */
  readonly wire?: boolean | undefined;
  /** Whether to connect to the real servers. Default true. */
  readonly connect?: boolean | undefined;
  /**
   * The director's own address to try servers by address translation from. Default: one that no network
   * has, so that the answer comes back by the default route alone.
   */
  readonly from?: string | undefined;
  /** How long to wait for a connection, in milliseconds. Default 2000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told when another run has to end first. */
  readonly onWait?: (() => void) | undefined;
}

export interface Examination {
  readonly kernel: string;
  readonly vips: readonly VipFacts[];
  /** Who else answered; empty when nobody was asked. */
  readonly answers: readonly WireAnswer[];
  readonly servers: readonly ServerFacts[];
  /** Errors and warnings. */
  readonly findings: readonly Finding[];
  readonly hints: readonly Finding[];
}

const longestListeningMs = 1000;
const defaultTimeoutMs = 2000;

/**
 * Looks at a director, at who answers for its virtual addresses, and at each real server through the
 * data path. Real services and their connections notice nothing; what has to be changed for the
 * trial of the data path is put back.
 *
 * @throws IpvsError, NetworkError; Error when `service` is nowhere, or the director has not got `from`.
 */
export async function examine(options: DoctorOptions = {}): Promise<Examination> {
  const { netns, config, signal, wire: asks = true } = options;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const inNamespace = netns === undefined ? {} : { netns };
  await using ipvs = await Ipvs.open(inNamespace);
  await using network = await Network.open(inNamespace);
  const sysctl = new Sysctl(inNamespace);
  const kernel = release();
  const table = withoutDataPathServices(await ipvs.list());
  const all = union(table.map(examined), (config?.table ?? []).map(examined));
  const services = chosen(all, options.service);

  const interfaces = await readInterfaces(network);
  const from = ownAddress(options.from, interfaces);
  const vips: VipFacts[] = [];
  const addresses = new Set(services.flatMap((service) => addressKey(service)?.address ?? []));
  for (const vip of [...addresses].sort()) vips.push(await readVip(vip, network, interfaces));
  const paths = await readServers(services, network, interfaces);
  const links = new Set([
    ...vips.flatMap(({ near, addresses: own }) => [...near, ...own.map(({ link }) => link)]),
    ...paths.flatMap(({ way }) => way.link ?? []),
  ]);
  const director = { ...interfaces, sysctls: await readSysctls(sysctl, links) };

  const names = [...new Set(paths.map(({ server }) => server.key.address))];
  const wire: WireFacts | undefined = asks
    ? await askOnWire([...addresses], names, director, () => network.neighbours.list(), {
        netns,
        timeoutMs: Math.min(timeoutMs, longestListeningMs),
        signal,
      })
    : undefined;
  const { servers, problem } =
    options.connect === false
      ? { servers: paths, problem: undefined }
      : await withTrials(paths, vips, director, {
          ...options,
          from,
          ipvs,
          network,
          sysctl,
          timeoutMs,
        });

  const { connectionTableSize } = await ipvs.info();
  const load = { kernel, connections: countConnections(table), buckets: connectionTableSize };
  const vipOf = (service: ExaminedService) =>
    vips.find(({ vip }) => vip === addressKey(service)?.address);
  const findings = [
    ...judgeVips(vips, director, wire),
    ...servers.flatMap((one) => judgeServer(one, vipOf(one.service))),
    ...judgeTunnels(servers, vips, director.links),
    ...(problem === undefined ? [] : [finding('not-tried', problem, { severity: 'warning' })]),
    ...judgeDirector(servers, vips, director),
    ...judgeTable(services, director.sysctls, kernel, await configFacts(options, table)),
    ...judgeLoad(load, director.sysctls),
    ...judgePrograms(await findPrograms(options.root ?? '/', director.links)),
  ].sort((one, other) => areas.indexOf(one.area) - areas.indexOf(other.area));
  return {
    kernel,
    vips,
    answers: wire?.answers ?? [],
    servers,
    findings: findings.filter(({ severity }) => severity !== 'hint'),
    hints: findings.filter(({ severity }) => severity === 'hint'),
  };
}

function chosen(
  services: readonly ExaminedService[],
  key: ServiceKey | undefined,
): readonly ExaminedService[] {
  if (key === undefined) return services;
  const text = formatServiceKey(canonicalServiceKey(key));
  const found = services.filter((service) => service.text === text);
  if (found.length === 0) throw new Error(`there is no service ${text}`);
  return found;
}

/** The address in the kernel's form. */
function ownAddress(
  from: string | undefined,
  { addresses }: Parameters<typeof readWay>[2],
): string | undefined {
  if (from === undefined) return undefined;
  const address = formatIp(parseIp(from).bytes);
  if (addresses.some((one) => bare(one) === address)) return address;
  throw new Error(`cannot try servers from ${address}: the director does not have that address`);
}

async function readServers(
  services: readonly ExaminedService[],
  network: Network,
  interfaces: Parameters<typeof readWay>[2],
): Promise<readonly ServerFacts[]> {
  const ways = new Map<string, Awaited<ReturnType<typeof readWay>>>();
  const result: ServerFacts[] = [];
  for (const service of services) {
    for (const server of service.servers) {
      const { address } = server.key;
      const way = ways.get(address) ?? (await readWay(address, network, interfaces));
      ways.set(address, way);
      const about = `${service.text} -> ${formatDestinationKey(server.key)}`;
      result.push({ service, server, about, way });
    }
  }
  return result;
}

async function configFacts(
  { config, service }: DoctorOptions,
  table: readonly ComparedService[],
): Promise<ConfigFacts | undefined> {
  if (config === undefined) return undefined;
  const text = service && formatServiceKey(canonicalServiceKey(service));
  const changes = diffTables(table, config.table).filter(
    (change) => text === undefined || formatServiceKey(change.service) === text,
  );
  const schedulers = config.table.map(({ scheduler }) => scheduler);
  return { file: config.file, changes, missingSchedulers: await missingSchedulers(schedulers) };
}
