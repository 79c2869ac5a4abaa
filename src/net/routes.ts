import { checkInteger, checkObject } from '../check.ts';
import type { NativeRoute } from '../native/route.ts';
import { defined } from './defined.ts';
import { formatIp, parseIp } from './ip.ts';
import { checkLinkReference } from './link-reference.ts';
import { NetworkError, type Refusals } from './network-error.ts';
import type { Route, RouteConfig, RouteFilter, RouteKey, RouteQuestion } from './route.ts';
import type { Exchange, RouteChannel } from './route-channel.ts';
import { decodeRoute, encodeRoute, encodeRouteKey, routeTypeNumber } from './route-message.ts';
import { familyFilter, familyNumber, protocolNumber, tableNumber } from './route-names.ts';
import { uapi } from './uapi.ts';

const addRefusals: Refusals = {
  EEXIST: { code: 'NETWORK_EXISTS', reason: 'a route like it is already there' },
  ENETUNREACH: { code: 'NETWORK_UNREACHABLE', reason: 'its gateway is on no link' },
  EHOSTUNREACH: { code: 'NETWORK_UNREACHABLE', reason: 'its gateway cannot be reached' },
};

const removeRefusals: Refusals = {
  ESRCH: { code: 'NETWORK_NOT_FOUND', reason: 'there is no such route' },
  ENOENT: { code: 'NETWORK_NOT_FOUND', reason: 'there is no such route' },
};

/** IPv4 answers what a route says of a packet with the error that its sender would see. */
const getRefusals: Refusals = {
  EACCES: { code: 'NETWORK_UNREACHABLE', reason: 'a route prohibits it' },
  EHOSTUNREACH: { code: 'NETWORK_UNREACHABLE', reason: 'a route says that it is unreachable' },
  EINVAL: {
    code: 'NETWORK_UNREACHABLE',
    reason: 'a blackhole route takes it, or the question makes no sense',
  },
};

/** A table that no route was ever put in does not exist for the kernel. */
const listRefusals: Refusals = {
  ENOENT: { code: 'NETWORK_NOT_FOUND', reason: 'there is no such table' },
};

/** The routes of a namespace. */
export class Routes {
  readonly #channel: RouteChannel;

  constructor(channel: RouteChannel) {
    this.#channel = channel;
  }

  /**
   * The routes, of all links and families unless the filter says which.
   *
   * @throws NetworkError `NETWORK_NO_DEVICE` when the link asked for is not there.
   */
  async list(filter: RouteFilter = {}): Promise<readonly Route[]> {
    const family = familyFilter(filter.family);
    const wanted = defined({
      table: filter.table === undefined ? undefined : tableNumber(filter.table),
      protocol: filter.protocol === undefined ? undefined : protocolNumber(filter.protocol),
      type: filter.type === undefined ? undefined : routeTypeNumber(filter.type),
    });
    if (filter.link !== undefined) checkLinkReference(filter.link);
    return await this.#channel.run('cannot list the routes', async (kernel) => {
      const link = await kernel.optionalLinkIndex(filter.link);
      const routes = await listTable(kernel, { family, ...wanted });
      const names = await kernel.linkNames();
      return routes
        .filter((route) => fits(route, { family, ...wanted }) && leavesBy(route, link))
        .filter((route) => route.link === undefined || names.has(route.link))
        .map((route) => decodeRoute(route, names));
    });
  }

  /**
   * Which route a packet to an address takes, and the address it is sent from.
   *
   * As long as a namespace has no rules but the kernel's own, the kernel keeps the tables `local` and
   * `main` as one, and says `main` of routes of both.
   *
   * @throws NetworkError `NETWORK_UNREACHABLE` when it takes none, or one that turns it down.
   */
  async get(address: string, question: RouteQuestion = {}): Promise<Route> {
    checkObject(question, 'question');
    const entry = encodeQuestion(address, question);
    const action = `cannot find a route to ${address}`;
    return await this.#channel.run(action, async (kernel) => {
      const link = await kernel.optionalLinkIndex(question.link);
      const inputLink = await kernel.optionalLinkIndex(question.inputLink);
      const asked = { ...entry, ...defined({ link, inputLink }) };
      const route = await kernel.get('route', asked, getRefusals);
      if (route === undefined) {
        throw new NetworkError('NETWORK_UNANSWERED', `${action}: the kernel gave no answer`);
      }
      const found = route.link === undefined ? undefined : await kernel.findLink(route.link);
      const names = found === undefined ? [] : [[found.index, found.name ?? ''] as const];
      return decodeRoute(route, new Map(names));
    });
  }

  /**
   * Adds a route.
   *
   * @throws NetworkError `NETWORK_EXISTS`, `NETWORK_UNREACHABLE` when its gateway is on no link,
   * `NETWORK_NO_DEVICE`, `NETWORK_INVALID`, `NETWORK_NOT_PERMITTED`.
   */
  add(route: RouteConfig): Promise<void> {
    return this.#put('add', route);
  }

  /**
   * Adds a route in the place of one with the same destination, table, metric and TOS, if any.
   *
   * @throws As {@link add}, but for `NETWORK_EXISTS`.
   */
  replace(route: RouteConfig): Promise<void> {
    return this.#put('replace', route);
  }

  /**
   * Removes one route that is like `route` in all that is given there.
   *
   * @throws NetworkError `NETWORK_NOT_FOUND`, `NETWORK_NO_DEVICE`, `NETWORK_NOT_PERMITTED`.
   */
  async remove(route: RouteKey): Promise<void> {
    const entry = encodeRouteKey(route);
    if (route.link !== undefined) checkLinkReference(route.link);
    await this.#channel.run(`cannot remove route to ${route.destination}`, async (kernel) => {
      const link = await kernel.optionalLinkIndex(route.link);
      await kernel.change('route', 'remove', { ...entry, ...defined({ link }) }, removeRefusals);
    });
  }

  async #put(verb: 'add' | 'replace', route: RouteConfig): Promise<void> {
    const hops = route.nextHops ?? [];
    encodeRoute(route, []);
    for (const { link } of [route, ...hops]) if (link !== undefined) checkLinkReference(link);
    await this.#channel.run(`cannot ${verb} route to ${route.destination}`, async (kernel) => {
      const link = await kernel.optionalLinkIndex(route.link);
      const links: (number | undefined)[] = [];
      for (const hop of hops) links.push(await kernel.optionalLinkIndex(hop.link));
      const entry = { ...encodeRoute(route, links), ...defined({ link }) };
      await kernel.change('route', verb, entry, addRefusals);
    });
  }
}

async function listTable(
  kernel: Exchange,
  filter: Partial<NativeRoute>,
): Promise<readonly NativeRoute[]> {
  try {
    return await kernel.list('route', filter, listRefusals);
  } catch (error) {
    if (error instanceof NetworkError && error.code === 'NETWORK_NOT_FOUND') return [];
    throw error;
  }
}

/** The kernel takes filters as hints, and IPv6 shows cached routes that are none. */
function fits(route: NativeRoute, filter: Partial<NativeRoute>): boolean {
  const same = (name: 'table' | 'protocol' | 'type') =>
    filter[name] === undefined || filter[name] === route[name];
  return (
    (filter.family === 0 || filter.family === route.family) &&
    same('table') &&
    same('protocol') &&
    same('type') &&
    (route.flags & uapi.RTM_F_CLONED) === 0
  );
}

function leavesBy(route: NativeRoute, link: number | undefined): boolean {
  return (
    link === undefined ||
    route.link === link ||
    (route.nextHops ?? []).some((hop) => hop.link === link)
  );
}

function encodeQuestion(address: string, question: RouteQuestion): Partial<NativeRoute> {
  const destination = parseIp(address, 'address');
  const { from, firewallMark, tos = 0 } = question;
  const origin = from === undefined ? undefined : parseIp(from, 'from');
  if (origin !== undefined && origin.family !== destination.family) {
    throw new RangeError(
      `from ${from} is of another address family than ${formatIp(destination.bytes)}`,
    );
  }
  if (firewallMark !== undefined) checkInteger(firewallMark, 0, 0xffffffff, 'firewallMark');
  checkInteger(tos, 0, 255, 'tos');
  for (const name of ['link', 'inputLink'] as const) {
    if (question[name] !== undefined) checkLinkReference(question[name], name);
  }
  return {
    family: familyNumber(destination.family),
    destination: destination.bytes,
    destinationLength: destination.bytes.length * 8,
    tos,
    // IPv6 names the table of its own accord, and refuses to be asked for it.
    flags: destination.family === 'ipv4' ? uapi.RTM_F_LOOKUP_TABLE : 0,
    ...defined({
      from: origin?.bytes,
      fromLength: origin && origin.bytes.length * 8,
      mark: firewallMark,
    }),
  };
}
