import type { Check, DataPathTarget } from '../config/checks.ts';
import { DataPathSource } from '../health/data-path-source.ts';
import { proberTransport } from '../health/prober-transport.ts';
import type { Transport } from '../health/transport.ts';
import { Ipvs } from '../ipvs/client.ts';
import { Network } from '../net/network.ts';
import { Prober } from '../net/prober.ts';
import { Sysctl } from '../net/sysctl.ts';

/** The world that a director works on; tests have others. */
export interface DirectorHost {
  /** Two clients, so that nothing that is urgent waits for a table to be read. */
  readonly reader: Pick<Ipvs, 'list'>;
  readonly writer: Pick<Ipvs, 'transaction' | 'flush'>;
  readonly transport: Transport;
  readonly dataPath: DataPathWay;
}

/** Where checks through the data path come from. */
export interface DataPathWay {
  keep(checks: readonly (Check | undefined)[]): Promise<void>;
  readonly sourceFor: (target: DataPathTarget) => Promise<string | undefined>;
  close(): Promise<void>;
}

export interface OpenHost extends DirectorHost, AsyncDisposable {
  readonly network: Network;
}

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
      network,
      transport: proberTransport(prober),
      dataPath: new DataPathSource({ network, sysctl }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
