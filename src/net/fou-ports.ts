import { checkInteger, checkName, checkObject } from '../check.ts';
import type { NativeFouPort } from '../native/route.ts';
import { defined } from './defined.ts';
import { type AddressFamily, formatIp, parseIp } from './ip.ts';
import { checkLinkReference, type LinkReference } from './link-reference.ts';
import { withModule } from './modules-on-demand.ts';
import { NetworkError, type Refusals } from './network-error.ts';
import type { Exchange, RouteChannel } from './route-channel.ts';
import { familyName, familyNumber } from './route-names.ts';
import { uapi } from './uapi.ts';

/** What a FOU port is known by. */
export interface FouPortKey {
  /** 1 to 65535. */
  readonly port: number;
  /** Default: that of `local` or `peer`, else `ipv4`. */
  readonly family?: AddressFamily;
  /** Only packets to this address (since Linux 5.2, as are the next three). */
  readonly local?: string;
  /** Only packets from this address; needs `peerPort`. */
  readonly peer?: string;
  /** Only packets from this UDP port, 1 to 65535; needs `peer`. */
  readonly peerPort?: number;
  /** Only packets that come in by this link. */
  readonly link?: LinkReference;
}

/** A UDP port to take packets out of Foo-over-UDP or Generic UDP Encapsulation. */
export interface FouPortConfig extends FouPortKey {
  /** Foo-over-UDP, or Generic UDP Encapsulation. */
  readonly encapsulation: 'fou' | 'gue';
  /**
   * `fou`: what is inside, by IP protocol number: 4 for IPv4, 41 for IPv6, 47 for GRE. `gue` says
   * so itself.
   */
  readonly protocol?: number;
}

/** A FOU port as the kernel has it. */
export interface FouPort {
  readonly port: number;
  readonly family: AddressFamily;
  readonly encapsulation: 'fou' | 'gue';
  readonly protocol?: number;
  readonly local?: string;
  readonly peer?: string;
  readonly peerPort?: number;
  readonly linkIndex?: number;
}

const encapsulations = { fou: uapi.FOU_ENCAP_DIRECT, gue: uapi.FOU_ENCAP_GUE };

const notLoaded = { code: 'NETWORK_UNSUPPORTED', reason: 'this kernel does not have FOU' } as const;

const exists = { code: 'NETWORK_EXISTS', reason: 'it is already there' } as const;

const addRefusals: Refusals = {
  ENOENT: notLoaded,
  EALREADY: exists,
  EADDRINUSE: { code: 'NETWORK_BUSY', reason: 'some socket has that port' },
  EADDRNOTAVAIL: { code: 'NETWORK_INVALID', reason: 'the local address is not of this machine' },
  EPFNOSUPPORT: notLoaded,
  EAFNOSUPPORT: notLoaded,
};
const removeRefusals: Refusals = {
  ENOENT: notLoaded,
  // What the kernel has not found it calls invalid.
  EINVAL: { code: 'NETWORK_NOT_FOUND', reason: 'it is not there' },
};
const listRefusals: Refusals = { ENOENT: notLoaded };

/** The FOU ports of a namespace (`ip fou`): where encapsulated tunnels arrive. */
export class FouPorts {
  readonly #channel: RouteChannel;

  constructor(channel: RouteChannel) {
    this.#channel = channel;
  }

  /** All of them. @throws NetworkError `NETWORK_UNSUPPORTED` when the kernel has no FOU. */
  list(): Promise<readonly FouPort[]> {
    return this.#channel.run('cannot list the FOU ports', async (kernel) => {
      return await withModule('fou', async () => {
        return (await kernel.list('fou', {}, listRefusals)).map(decodeFouPort);
      });
    });
  }

  /**
   * Has a port take packets out of their encapsulation. The kernel loads the module `fou`.
   *
   * @throws NetworkError `NETWORK_EXISTS`, `NETWORK_BUSY` when a socket has the port,
   * `NETWORK_UNSUPPORTED`, `NETWORK_NO_DEVICE`, `NETWORK_NOT_PERMITTED`.
   */
  async add(port: FouPortConfig): Promise<void> {
    const entry = encodeFouPort(port);
    await this.#channel.run(`cannot add FOU port ${port.port}`, async (kernel) => {
      const link = await kernel.optionalLinkIndex(port.link);
      try {
        await withModule('fou', () =>
          kernel.change('fou', 'add', { ...entry, ...defined({ link }) }, addRefusals),
        );
      } catch (error) {
        throw await refine(error, kernel, entry);
      }
    });
  }

  /**
   * Closes a port.
   *
   * @throws NetworkError `NETWORK_NOT_FOUND`, `NETWORK_UNSUPPORTED`, `NETWORK_NOT_PERMITTED`.
   */
  async remove(port: FouPortKey): Promise<void> {
    const entry = encodeKey(port);
    await this.#channel.run(`cannot remove FOU port ${port.port}`, async (kernel) => {
      const link = await kernel.optionalLinkIndex(port.link);
      await withModule('fou', () =>
        kernel.change('fou', 'remove', { ...entry, ...defined({ link }) }, removeRefusals),
      );
    });
  }
}

/** The socket that has the port may be that of the very FOU port that was to be added. */
async function refine(
  error: unknown,
  kernel: Exchange,
  entry: Partial<NativeFouPort>,
): Promise<unknown> {
  if (!(error instanceof NetworkError && error.errnoName === 'EADDRINUSE')) return error;
  const ports = await kernel.list('fou', {}, listRefusals);
  const same = ports.some(({ port, family }) => port === entry.port && family === entry.family);
  if (!same) return error;
  const { errno, cause } = error;
  const message = error.message.replace(/: .*/, `: ${exists.reason}`);
  return new NetworkError(exists.code, message, { errno, cause });
}

function decodeFouPort(entry: NativeFouPort): FouPort {
  const isIpv6 = entry.family === uapi.AF_INET6;
  const local = isIpv6 ? entry.localIpv6 : entry.localIpv4;
  const peer = isIpv6 ? entry.peerIpv6 : entry.peerIpv4;
  return {
    port: entry.port ?? 0,
    family: familyName(entry.family ?? uapi.AF_INET),
    encapsulation: entry.encapsulation === uapi.FOU_ENCAP_GUE ? 'gue' : 'fou',
    ...defined({
      protocol: entry.protocol || undefined,
      local: addressText(local),
      peer: addressText(peer),
      peerPort: entry.peerPort || undefined,
      linkIndex: entry.link || undefined,
    }),
  };
}

function addressText(bytes: Uint8Array | undefined): string | undefined {
  return bytes?.some((byte) => byte !== 0) ? formatIp(bytes) : undefined;
}

function encodeKey(key: FouPortKey): Partial<NativeFouPort> {
  checkObject(key, 'FOU port');
  checkInteger(key.port, 1, 65535, 'port');
  if (key.link !== undefined) checkLinkReference(key.link);
  const local = key.local === undefined ? undefined : parseIp(key.local, 'local');
  const peer = key.peer === undefined ? undefined : parseIp(key.peer, 'peer');
  const family = key.family ?? local?.family ?? peer?.family ?? 'ipv4';
  for (const [what, address] of Object.entries({ local, peer })) {
    if (address === undefined || address.family === family) continue;
    throw new RangeError(`${what} is not ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`);
  }
  if ((key.peerPort === undefined) !== (peer === undefined)) {
    throw new TypeError('peer and peerPort must be given together');
  }
  if (key.peerPort !== undefined) checkInteger(key.peerPort, 1, 65535, 'peerPort');
  const isIpv6 = family === 'ipv6';
  return {
    port: key.port,
    family: familyNumber(family),
    ...defined({
      localIpv4: isIpv6 ? undefined : local?.bytes,
      localIpv6: isIpv6 ? local?.bytes : undefined,
      peerIpv4: isIpv6 ? undefined : peer?.bytes,
      peerIpv6: isIpv6 ? peer?.bytes : undefined,
      peerPort: key.peerPort,
    }),
  };
}

function encodeFouPort(config: FouPortConfig): Partial<NativeFouPort> {
  const entry = encodeKey(config);
  const { protocol } = config;
  const encapsulation = checkName(encapsulations, config.encapsulation, 'encapsulation');
  if ((protocol !== undefined) !== (config.encapsulation === 'fou')) {
    throw new TypeError('protocol must be given for the encapsulation fou, and not for gue');
  }
  if (protocol !== undefined) checkInteger(protocol, 1, 255, 'protocol');
  return { ...entry, encapsulation, ...defined({ protocol }) };
}
