import { access } from 'node:fs/promises';
import { loadModule } from '../net/modules.ts';
import type { NamespaceReference } from '../net/namespace-reference.ts';
import { Network } from '../net/network.ts';
import { NetworkError, type NetworkErrorCode } from '../net/network-error.ts';
import type { Route, RouteConfig } from '../net/route.ts';
import { Sysctl } from '../net/sysctl.ts';
import { isTunnelKind } from '../net/tunnel.ts';
import type {
  AddressSetting,
  FouSetting,
  LinkSetting,
  LinkShape,
  RouteSetting,
  RouteShape,
  RuleSetting,
  Setting,
} from './setting.ts';
import { fallbackModules } from './setting-text.ts';
import { StorageHost, type StorageHostOptions } from './storage/storage-host.ts';

/** The machine, or one network namespace of it, whose settings are read and made. */
export class KernelHost implements AsyncDisposable {
  readonly network: Network;
  readonly sysctl: Sysctl;
  readonly storage: StorageHost;
  /** Whether this is the namespace of the process, to which the kernel's modules are. */
  readonly own: boolean;

  private constructor(network: Network, sysctl: Sysctl, storage: StorageHost, own: boolean) {
    this.network = network;
    this.sysctl = sysctl;
    this.storage = storage;
    this.own = own;
  }

  /** @throws NetworkError as `Network.open` does. */
  static async open(
    netns?: NamespaceReference,
    storage: StorageHostOptions = {},
  ): Promise<KernelHost> {
    const network = await Network.open(netns === undefined ? {} : { netns });
    return new KernelHost(
      network,
      new Sysctl({ netns }),
      new StorageHost(storage),
      netns === undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network.close();
  }

  /** The same thing with the value that it has now. */
  async read<Kind extends Setting>(setting: Kind): Promise<Kind> {
    const value = await this.#read(setting);
    return { ...setting, value } as Kind;
  }

  /**
   * Makes it so. Not an error: taking away what is not there, and a value for what went with its link.
   *
   * @returns What could not be helped, in words.
   */
  async write(setting: Setting): Promise<string | undefined> {
    const { network, sysctl } = this;
    switch (setting.kind) {
      case 'sysctl':
        if (setting.value !== null) await sysctl.write(setting.name, setting.value);
        return undefined;
      case 'link':
        return await this.#writeLink(setting);
      case 'link-state':
        if (setting.value !== null) {
          await network.links.set(setting.link, { up: setting.value === 'up' });
        }
        return undefined;
      case 'address':
        await this.#writeAddress(setting);
        return undefined;
      case 'route':
        await this.#writeRoute(setting);
        return undefined;
      case 'rule':
        if (setting.value !== null) await network.rules.add(setting.rule);
        else await unless('NETWORK_NOT_FOUND', network.rules.remove(setting.rule));
        return undefined;
      case 'fou': {
        const { port, family, value } = setting;
        if (value === null) await unless('NETWORK_NOT_FOUND', network.fou.remove({ port, family }));
        else await network.fou.add({ port, family, encapsulation: 'gue' });
        return undefined;
      }
      default:
        return await this.storage.write(setting);
    }
  }

  async #read(setting: Setting): Promise<Setting['value']> {
    const { network, sysctl } = this;
    switch (setting.kind) {
      case 'sysctl':
        return (await unless('NETWORK_NOT_FOUND', sysctl.read(setting.name))) ?? null;
      case 'link':
        return await this.#readLink(setting);
      case 'link-state': {
        const link = await network.links.find(setting.link);
        return link === undefined ? null : link.up ? 'up' : 'down';
      }
      case 'address':
        return await this.#readAddress(setting);
      case 'route':
        return shapeOf(await this.findRoute(setting));
      case 'rule':
        return (await this.#hasRule(setting)) ? 'present' : null;
      case 'fou':
        return await this.#readFou(setting);
      default:
        return await this.storage.read(setting);
    }
  }

  /** The route that a setting is about, whole. */
  async findRoute({
    family,
    table,
    destination,
    metric,
  }: RouteSetting): Promise<Route | undefined> {
    const routes = await this.network.routes.list({ family, table });
    return routes.find(
      (route) => route.destination === destination && route.metric === metric && route.tos === 0,
    );
  }

  async #readLink({ name }: LinkSetting): Promise<LinkShape | null> {
    const link = await this.network.links.find(name);
    if (link === undefined) return null;
    const { kind = 'hardware', tunnel } = link;
    return tunnel === undefined ? { kind } : { kind, tunnel };
  }

  async #writeLink({ name, value }: LinkSetting): Promise<string | undefined> {
    const { links } = this.network;
    const module = fallbackModules[name];
    if (value !== null) {
      const { kind, tunnel } = value;
      if (kind !== 'dummy' && !isTunnelKind(kind))
        throw new TypeError(`no link can be made a ${kind}`);
      if (module !== undefined && this.own) await loadModule(module);
      if (module !== undefined && (await links.find(name)) !== undefined) return undefined;
      // Where the module makes no such link by itself, as in some namespaces, an ordinary one does.
      const added = links.add(
        isTunnelKind(kind)
          ? { kind, name, ...(tunnel === undefined ? {} : { tunnel }) }
          : { kind: 'dummy', name },
      );
      await (module === undefined ? added : unless('NETWORK_EXISTS', added));
      return undefined;
    }
    await unless('NETWORK_NO_DEVICE', links.remove(name));
    if (module === undefined || (await links.find(name)) === undefined) return undefined;
    // Unloading the module would take the tunnels of others along, in every namespace.
    return `link ${name} stays, down: it belongs to the kernel module ${module}`;
  }

  async #readAddress({ link, address }: AddressSetting): Promise<AddressSetting['value']> {
    const addresses = await unless('NETWORK_NO_DEVICE', this.network.addresses.list({ link }));
    const found = addresses?.find((one) => one.address === address);
    if (found === undefined) return null;
    return found.label === undefined || found.label === link ? {} : { label: found.label };
  }

  async #writeAddress({ link, address, value }: AddressSetting): Promise<void> {
    const { addresses } = this.network;
    if (value === null) {
      await unless(
        'NETWORK_NOT_FOUND',
        unless('NETWORK_NO_DEVICE', addresses.remove({ link, address })),
      );
    } else {
      // The director has the address too, so this machine must not look for others who have it.
      const flags = address.includes(':') ? (['nodad'] as const) : [];
      await addresses.add({ link, address, ...value, flags });
    }
  }

  async #writeRoute(setting: RouteSetting): Promise<void> {
    const { family, destination, table, metric, value } = setting;
    const key = { destination, family, table, metric };
    if (value === null) {
      await unless(
        'NETWORK_NOT_FOUND',
        unless('NETWORK_NO_DEVICE', this.network.routes.remove(key)),
      );
    } else {
      await this.network.routes.replace({ ...key, ...value } satisfies RouteConfig);
    }
  }

  async #hasRule({ rule }: RuleSetting): Promise<boolean> {
    const rules = await this.network.rules.list({ family: rule.family });
    return rules.some((one) =>
      Object.entries(rule).every(
        ([name, value]) => JSON.stringify(one[name as keyof typeof one]) === JSON.stringify(value),
      ),
    );
  }

  async #readFou({ family, port }: FouSetting): Promise<FouSetting['value']> {
    // Asking would load the module, and looking is not to change anything.
    if (!(await exists('/sys/module/fou'))) return null;
    const ports = await unless('NETWORK_UNSUPPORTED', this.network.fou.list());
    return ports?.find((one) => one.port === port && one.family === family)?.encapsulation ?? null;
  }
}

/** What a route is besides its key, so that writing it again makes the same route. */
export function shapeOf(route: Route | undefined): RouteShape | null {
  if (route === undefined) return null;
  const { type, scope, protocol, via, link, source, from, metrics, nextHops } = route;
  return {
    ...(typeof type === 'number' ? {} : { type }),
    ...(route.family === 'ipv4' ? { scope } : {}),
    protocol,
    ...(via === undefined ? {} : { via }),
    ...(link === undefined ? {} : { link }),
    ...(source === undefined ? {} : { source }),
    ...(from === undefined ? {} : { from }),
    ...(route.onlink ? { onlink: true } : {}),
    ...(Object.keys(metrics).length > 0 ? { metrics } : {}),
    ...(nextHops.length === 0
      ? {}
      : {
          nextHops: nextHops.map((hop) => ({
            ...(hop.via === undefined ? {} : { via: hop.via }),
            ...(hop.link === undefined ? {} : { link: hop.link }),
            weight: hop.weight,
            ...(hop.flags.includes('onlink') ? { onlink: true } : {}),
          })),
        }),
  };
}

/** Undefined in place of one kind of refusal. */
async function unless<Result>(
  code: NetworkErrorCode,
  work: Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NetworkError && error.code === code) return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
