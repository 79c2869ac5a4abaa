import type { VipHost } from '../../src/director/vip-keeper.ts';
import type { Address, AddressConfig, AddressKey } from '../../src/net/address.ts';
import { familyOf } from '../../src/net/ip.ts';
import { NetworkError } from '../../src/net/network-error.ts';

/** Links that take VIPs, without a kernel. */
export class FakeVips implements VipHost {
  readonly #addresses: Address[] = [];
  readonly announced: string[] = [];
  /** Thrown by every attempt to add an address. */
  failure: Error | undefined;
  #wake: () => void = () => {};
  /** Whether the kernel keeps who added an address. */
  knowsProtocol = true;

  readonly addresses: VipHost['addresses'] = {
    list: async () => [...this.#addresses],
    add: async (config) => this.put(config),
    remove: async (key) => this.take(key),
  };

  async announce(link: string, vip: string): Promise<void> {
    this.announced.push(`${vip} on ${link}`);
  }

  /** Whatever somebody puts or takes is told to who follows. */
  async *changes(): AsyncGenerator<void> {
    for (;;) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      yield;
    }
  }

  get texts(): readonly string[] {
    return this.#addresses.map(({ link, address }) => `${address} ${link}`);
  }

  put({ link, address, label, protocol }: AddressConfig): void {
    if (this.failure !== undefined) throw this.failure;
    const isThere = this.#addresses.some((one) => one.address === address && one.link === link);
    if (isThere) throw new NetworkError('NETWORK_EXISTS', `${address} is there already`);
    this.#addresses.push({
      link: String(link),
      linkIndex: 2,
      family: familyOf(address.replace(/\/.*/, '')),
      address,
      scope: 'global',
      flags: [],
      validLifetimeSeconds: 'forever',
      preferredLifetimeSeconds: 'forever',
      ...(label === undefined ? {} : { label }),
      ...(protocol === undefined || !this.knowsProtocol ? {} : { protocol }),
    });
    this.#wake();
  }

  take({ address }: AddressKey): void {
    const index = this.#addresses.findIndex((one) => one.address === address);
    if (index < 0) throw new NetworkError('NETWORK_NOT_FOUND', `there is no ${address}`);
    this.#addresses.splice(index, 1);
    this.#wake();
  }
}
