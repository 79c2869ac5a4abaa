import { checkObject } from '../check.ts';
import type { NativeLink } from '../native/route.ts';
import { defined } from './defined.ts';
import type { Link, LinkChange, LinkConfig, VethPeerConfig } from './link.ts';
import {
  checkLinkChange,
  checkLinkConfig,
  decodeLink,
  encodeLinkChange,
  encodeLinkConfig,
} from './link-message.ts';
import { checkLinkReference, describeLink, type LinkReference } from './link-reference.ts';
import { withModule } from './modules-on-demand.ts';
import { openNamespace } from './namespace-file.ts';
import type { NamespaceReference } from './namespace-reference.ts';
import type { Refusals } from './network-error.ts';
import { type Exchange, type LinkNames, namesOf, RouteChannel } from './route-channel.ts';
import { encapsulationModule, encodeTunnel, isTunnelKind } from './tunnel.ts';
import { uapi } from './uapi.ts';

const notANamespace: Refusals = {
  EBADF: {
    code: 'NETWORK_NAMESPACE_NOT_FOUND',
    reason: 'the descriptor of the namespace is not open',
  },
};

const addRefusals: Refusals = {
  ...notANamespace,
  EEXIST: {
    code: 'NETWORK_EXISTS',
    reason: 'a link of that name, or a tunnel with the same ends, is already there',
  },
  EOPNOTSUPP: { code: 'NETWORK_UNSUPPORTED', reason: 'this kernel has no links of that kind' },
};

/** Without the module that they come in, the kernel takes encapsulations for a mistake. */
const encapsulationRefusals: Refusals = {
  ...addRefusals,
  EINVAL: {
    code: 'NETWORK_INVALID',
    reason:
      'the kernel finds it invalid, or was built without tunnels in UDP (CONFIG_NET_FOU_IP_TUNNELS)',
  },
};

const setRefusals: Refusals = {
  ...notANamespace,
  EEXIST: { code: 'NETWORK_EXISTS', reason: 'a link of that name is already there' },
  EBUSY: { code: 'NETWORK_BUSY', reason: 'the link has to be down for that' },
};

const removeRefusals: Refusals = {
  EOPNOTSUPP: {
    code: 'NETWORK_UNSUPPORTED',
    reason: 'a link that is hardware, or always there, cannot be removed',
  },
};

/** The network interfaces of a namespace. */
export class Links {
  readonly #channel: RouteChannel;

  constructor(channel: RouteChannel) {
    this.#channel = channel;
  }

  /** All links, by rising index. */
  list(): Promise<readonly Link[]> {
    return this.#channel.run('cannot list the links', async (kernel) => {
      const links = await kernel.list('link', {});
      const names = namesOf(links);
      return links.map((link) => decodeLink(link, names));
    });
  }

  /** One link; undefined when there is none of that name or index. */
  async find(link: LinkReference): Promise<Link | undefined> {
    checkLinkReference(link);
    return await this.#channel.run(`cannot read ${describeLink(link)}`, async (kernel) => {
      const found = await kernel.findLink(link);
      return found === undefined ? undefined : decodeLink(found, await relatives(kernel, found));
    });
  }

  /**
   * Makes a virtual link; the kernel loads the module of its kind.
   *
   * @throws NetworkError `NETWORK_EXISTS`, `NETWORK_UNSUPPORTED` for a kind that this kernel does
   * not have, `NETWORK_NO_DEVICE` for a master or tunnel link that is not there,
   * `NETWORK_NAMESPACE_NOT_FOUND`, `NETWORK_NOT_PERMITTED`, `NETWORK_INVALID` for values out of its
   * range, such as an mtu.
   */
  async add(config: LinkConfig): Promise<void> {
    checkLinkConfig(config);
    const tunnel = 'tunnel' in config ? config.tunnel : undefined;
    if (tunnel !== undefined && isTunnelKind(config.kind)) {
      checkObject(tunnel, 'tunnel');
      encodeTunnel(config.kind, tunnel, undefined);
      if (tunnel.link !== undefined) checkLinkReference(tunnel.link, 'tunnel link');
    }
    const peer = config.kind === 'veth' ? config.peer : undefined;
    const action = `cannot add ${config.kind} link ${config.name}`;
    await this.#channel.run(action, async (kernel) => {
      await using netns = await openNamespace(config.netns, action);
      await using peerNetns = await openNamespace(peer?.netns, action);
      const references = defined({
        master: await kernel.optionalLinkIndex(config.master),
        tunnelLink: await kernel.optionalLinkIndex(tunnel?.link),
        namespaceDescriptor: netns.descriptor,
        peerNamespaceDescriptor: peerNetns.descriptor ?? netns.descriptor,
      });
      const entry = encodeLinkConfig(config, references);
      if (tunnel?.encapsulation === undefined) {
        await kernel.change('link', 'add', entry, addRefusals);
      } else {
        const add = () => kernel.change('link', 'add', entry, encapsulationRefusals);
        await withModule(encapsulationModule(config.kind), add, 'NETWORK_INVALID');
      }
      if (peer?.up === true) await bringUp(kernel, peer, config.netns, action);
    });
  }

  /**
   * Changes a link; what is absent in `change` stays as it is.
   *
   * @throws NetworkError `NETWORK_NO_DEVICE`, `NETWORK_EXISTS` for a name that is taken,
   * `NETWORK_BUSY` for a new name while the link is up before Linux 6.2,
   * `NETWORK_NAMESPACE_NOT_FOUND`, `NETWORK_INVALID`, `NETWORK_NOT_PERMITTED`.
   */
  async set(link: LinkReference, change: LinkChange): Promise<void> {
    checkLinkReference(link);
    checkLinkChange(change);
    const action = `cannot change ${describeLink(link)}`;
    await this.#channel.run(action, async (kernel) => {
      const index = await kernel.linkIndex(link);
      await using netns = await openNamespace(change.netns, action);
      const references = defined({
        master: await kernel.optionalLinkIndex(change.master ?? undefined),
        namespaceDescriptor: netns.descriptor,
      });
      if (change.name !== undefined && change.up === false) {
        // Within one message the kernel renames before it takes the link down, and so refuses.
        await kernel.change('link', 'modify', { index, flags: 0, changedFlags: uapi.IFF_UP });
      }
      const entry = encodeLinkChange(index, change, references);
      await kernel.change('link', 'modify', entry, setRefusals);
    });
  }

  /**
   * Removes a virtual link, and with one end of a veth pair the other.
   *
   * @throws NetworkError `NETWORK_NO_DEVICE`, `NETWORK_UNSUPPORTED` for a link that cannot be
   * removed, `NETWORK_NOT_PERMITTED`.
   */
  async remove(link: LinkReference): Promise<void> {
    checkLinkReference(link);
    await this.#channel.run(`cannot remove ${describeLink(link)}`, async (kernel) => {
      const index = await kernel.linkIndex(link);
      await kernel.change('link', 'remove', { index }, removeRefusals);
    });
  }
}

/** The kernel cannot bring up the other end of a veth pair while it makes it (ENOTCONN). */
async function bringUp(
  kernel: Exchange,
  peer: VethPeerConfig,
  netns: NamespaceReference | undefined,
  action: string,
): Promise<void> {
  const change = { flags: uapi.IFF_UP, changedFlags: uapi.IFF_UP };
  const set = async (there: Exchange) => {
    const index = await there.linkIndex(peer.name);
    await there.change('link', 'modify', { index, ...change });
  };
  const place = peer.netns ?? netns;
  if (place === undefined) return await set(kernel);
  const channel = await RouteChannel.open(place);
  try {
    await channel.run(action, set);
  } finally {
    await channel.close();
  }
}

/** The names of the links that a link refers to. */
async function relatives(kernel: Exchange, link: NativeLink): Promise<LinkNames> {
  const found: NativeLink[] = [];
  for (const index of [link.master, link.info?.tunnel?.link]) {
    const relative = index ? await kernel.findLink(index) : undefined;
    if (relative !== undefined) found.push(relative);
  }
  return namesOf(found);
}
