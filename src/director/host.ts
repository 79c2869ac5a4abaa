import type { Check, DataPathTarget } from '../config/checks.ts';
import { DataPathSource } from '../health/data-path-source.ts';
import { proberTransport } from '../health/prober-transport.ts';
import type { Transport } from '../health/transport.ts';
import { Ipvs } from '../ipvs/client.ts';
import * as arp from '../net/arp.ts';
import { familyOf } from '../net/ip.ts';
import * as ndp from '../net/ndp.ts';
import { Network } from '../net/network.ts';
import { Prober } from '../net/prober.ts';
import { Sysctl } from '../net/sysctl.ts';
import type { VipHost } from './vip-keeper.ts';

/** The world that a director works on; tests have others. */
export interface DirectorHost {
  /** Two clients, so that nothing that is urgent waits for a table to be read. */
  readonly reader: Pick<Ipvs, 'list'>;
  readonly writer: Pick<Ipvs, 'transaction' | 'flush'>;
  readonly transport: Transport;
  readonly dataPath: DataPathWay;
  readonly vips: VipHost;
  /** Something each time that links or addresses have changed. */
  watch(signal: AbortSignal): AsyncIterable<unknown>;
}

/** Where checks through the data path come from. */
export interface DataPathWay {
  keep(checks: readonly (Check | undefined)[]): Promise<void>;
  readonly sourceFor: (target: DataPathTarget) => Promise<string | undefined>;
  close(): Promise<void>;
}

export interface OpenHost extends DirectorHost, AsyncDisposable {}

/** Switches and hosts may miss some. */
const announcements = { count: 5, intervalMs: 200 } as const;

/**
 * Opens a network namespace for a director.
 *
 * @throws IpvsError, NetworkError
 */
export async function openHost(netns: string | undefined): Promise<OpenHost> {
  const where = netns === undefined ? {} : { netns };
  const opened: AsyncDisposable[] = [];
  const keep = <Resource extends AsyncDisposable>(resource: Resource): Resource => {
    opened.unshift(resource);
    return resource;
  };
  const close = async () => {
    for (const resource of opened) await resource[Symbol.asyncDispose]();
  };
  try {
    const reader = keep(await Ipvs.open(where));
    const writer = keep(await Ipvs.open(where));
    const network = keep(await Network.open(where));
    const prober = keep(await Prober.open(where));
    const sysctl = new Sysctl(where);
    return {
      reader,
      writer,
      transport: proberTransport(prober),
      dataPath: new DataPathSource({ network, sysctl }),
      vips: {
        addresses: network.addresses,
        announce: (link, vip, signal) => {
          const options = { link, address: vip, signal, ...announcements, ...where };
          return familyOf(vip) === 'ipv4' ? arp.announce(options) : ndp.advertise(options);
        },
      },
      watch: (signal) => network.watch({ signal }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
