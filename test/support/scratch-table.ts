import { closeSync, readFileSync } from 'node:fs';
import { afterEach } from 'vitest';
import {
  type DestinationState,
  formatServiceKey,
  Ipvs,
  type ServiceKey,
  type ServiceState,
} from '../../src/index.ts';
import type { IpvsSocket } from '../../src/native/ipvs.ts';
import { loadAddon } from '../../src/native/load.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Network } from '../../src/net/network.ts';

/** The IPVS table of a namespace of a test's own. */
export interface ScratchTable {
  readonly name: string;
  readonly ipvs: Ipvs;
  /** Another client of the same table, as another program would be. */
  another(): Promise<Ipvs>;
  /** The addon's socket, for requests that the library does not make. */
  raw(): Promise<IpvsSocket>;
  /** What /proc/net/NAME says. */
  proc(name: string): Promise<string>;
  /** The links, addresses and routes around it. */
  network(): Promise<Network>;
}

let made = 0;
const cleanups: (() => unknown)[] = [];

/** Makes a namespace with nothing but `lo`, which is up; it goes at the end of the test. */
export async function scratchTable(): Promise<ScratchTable> {
  const namespace = await NetworkNamespace.create(`lvskit-table-${process.pid}-${++made}`);
  cleanups.push(() => namespace.remove());
  const { name, path } = namespace;
  const another = async () => {
    const ipvs = await Ipvs.open({ netns: name });
    cleanups.push(() => ipvs.close());
    return ipvs;
  };
  return {
    name,
    ipvs: await another(),
    another,
    raw: async () => {
      const socket = new (loadAddon().IpvsSocket)();
      await socket.open(path);
      cleanups.push(() => socket.close());
      return socket;
    },
    proc: async (file) => {
      const descriptor = (await loadAddon().openFile(`/proc/thread-self/net/${file}`, path)).take();
      try {
        return readFileSync(descriptor, 'utf8');
      } finally {
        closeSync(descriptor);
      }
    },
    network: async () => {
      const network = await Network.open({ netns: name });
      cleanups.push(() => network.close());
      return network;
    },
  };
}

/** Closes and removes what the test made, the last first. */
export function removeScratchTables(): void {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
}

type Plain<State> = Omit<State, 'statistics' | 'destinations'>;

/** A service as plain values, its destinations in order of their addresses. */
export interface PlainService extends Plain<ServiceState> {
  readonly destinations: readonly Plain<DestinationState>[];
}

function plainDestination(state: DestinationState): Plain<DestinationState> {
  const { key, forwarding, weight, upperThreshold, lowerThreshold, tunnel } = state;
  const { activeConnections, inactiveConnections, persistentConnections } = state;
  return {
    key,
    forwarding,
    weight,
    upperThreshold,
    lowerThreshold,
    tunnel,
    activeConnections,
    inactiveConnections,
    persistentConnections,
  };
}

/** The kernel lists in the order of its hash table; tests compare in the order of the keys. */
const byText = (left: { toString(): string }, right: { toString(): string }) =>
  String(left) < String(right) ? -1 : 1;

export function plainService(state: ServiceState): PlainService {
  const { key, scheduler, schedulerFlags, persistence, onePacket, persistenceEngine } = state;
  return {
    key,
    scheduler,
    schedulerFlags,
    persistence,
    onePacket,
    persistenceEngine,
    destinations: [...state.destinations].sort(byText).map(plainDestination),
  };
}

/**
 * The whole table as plain values, in order. Since Linux 7.1 a table that grew is rearranged in the
 * background, and a single read of it then may show a service twice and another not at all.
 */
export async function plainTable(ipvs: Ipvs): Promise<PlainService[]> {
  return [...(await ipvs.list({ consistent: true }))].sort(byText).map(plainService);
}

/** The texts of all services. */
export async function serviceTexts(ipvs: Ipvs): Promise<string[]> {
  return (await ipvs.list({ consistent: true }))
    .map(({ key }: { key: ServiceKey }) => formatServiceKey(key))
    .sort();
}
