import type { Address, AddressConfig, AddressFilter, AddressKey } from './address.ts';
import { decodeAddress, encodeAddress, encodeAddressKey } from './address-message.ts';
import { defined } from './defined.ts';
import { checkLinkReference, describeLink } from './link-reference.ts';
import type { Refusals } from './network-error.ts';
import type { RouteChannel } from './route-channel.ts';
import { familyFilter } from './route-names.ts';

const addRefusals: Refusals = {
  EADDRNOTAVAIL: { code: 'NETWORK_INVALID', reason: 'no link can have that address' },
  EACCES: { code: 'NETWORK_UNSUPPORTED', reason: 'IPv6 is disabled on the link' },
};

/** The addresses of the links of a namespace. */
export class Addresses {
  readonly #channel: RouteChannel;

  constructor(channel: RouteChannel) {
    this.#channel = channel;
  }

  /**
   * The addresses, of all links and families unless the filter says which.
   *
   * @throws NetworkError `NETWORK_NO_DEVICE` when the link asked for is not there.
   */
  async list(filter: AddressFilter = {}): Promise<readonly Address[]> {
    const family = familyFilter(filter.family);
    if (filter.link !== undefined) checkLinkReference(filter.link);
    return await this.#channel.run('cannot list the addresses', async (kernel) => {
      const link = await kernel.optionalLinkIndex(filter.link);
      const entries = await kernel.list('address', defined({ family, link }));
      const names = await kernel.linkNames();
      // An address without its link went with it while we asked.
      return entries.flatMap((entry) => {
        const name = names.get(entry.link);
        if (name === undefined || (link !== undefined && entry.link !== link)) return [];
        return family === 0 || entry.family === family ? [decodeAddress(entry, name)] : [];
      });
    });
  }

  /**
   * Gives a link an address.
   *
   * @throws NetworkError `NETWORK_EXISTS`, `NETWORK_NO_DEVICE`, `NETWORK_INVALID`,
   * `NETWORK_UNSUPPORTED` when IPv6 is disabled there, `NETWORK_NOT_PERMITTED`.
   */
  add(address: AddressConfig): Promise<void> {
    return this.#put('add', address);
  }

  /**
   * Adds an address, or changes the flags, lifetimes and metric of the one that is there.
   *
   * @throws As {@link add}, but for `NETWORK_EXISTS`.
   */
  replace(address: AddressConfig): Promise<void> {
    return this.#put('replace', address);
  }

  /**
   * Takes an address from a link.
   *
   * @throws NetworkError `NETWORK_NOT_FOUND`, `NETWORK_NO_DEVICE`, `NETWORK_NOT_PERMITTED`.
   */
  async remove(address: AddressKey): Promise<void> {
    const entry = encodeAddressKey(address);
    const action = `cannot remove address ${address.address} from ${describeLink(address.link)}`;
    await this.#channel.run(action, async (kernel) => {
      const link = await kernel.linkIndex(address.link);
      await kernel.change('address', 'remove', { ...entry, link });
    });
  }

  async #put(verb: 'add' | 'replace', address: AddressConfig): Promise<void> {
    const entry = encodeAddress(address);
    const action = `cannot ${verb} address ${address.address} ${verb === 'add' ? 'to' : 'on'}`;
    await this.#channel.run(`${action} ${describeLink(address.link)}`, async (kernel) => {
      const link = await kernel.linkIndex(address.link);
      await kernel.change('address', verb, { ...entry, link }, addRefusals);
    });
  }
}
