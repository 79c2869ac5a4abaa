import type { NativeEvent } from '../native/route.ts';
import type { Address } from './address.ts';
import { decodeAddress } from './address-message.ts';
import type { Link } from './link.ts';
import { decodeLink } from './link-message.ts';
import { decodeNeighbour, type Neighbour } from './neighbours.ts';
import type { Route } from './route.ts';
import type { LinkNames } from './route-channel.ts';
import { decodeRoute } from './route-message.ts';
import type { Rule } from './rule.ts';
import { decodeRule } from './rule-message.ts';
import { uapi } from './uapi.ts';

/**
 * Something about the network changed. `changed` is also what the kernel says of what is new.
 *
 * `overflow` stands where events were lost, because there were more than could be kept: read what
 * you follow again.
 */
export type NetworkEvent =
  | { readonly type: 'link'; readonly action: EventAction; readonly link: Link }
  | { readonly type: 'address'; readonly action: EventAction; readonly address: Address }
  | { readonly type: 'route'; readonly action: EventAction; readonly route: Route }
  | { readonly type: 'neighbour'; readonly action: EventAction; readonly neighbour: Neighbour }
  | { readonly type: 'rule'; readonly action: EventAction; readonly rule: Rule }
  | { readonly type: 'overflow' };

/** What happened to it. */
export type EventAction = 'changed' | 'removed';

/**
 * An event as the kernel sent it; `names` are the links of the namespace. Undefined for what only
 * looks like one: IPv6 tells about routes that it keeps in a cache.
 */
export function decodeEvent(event: NativeEvent, names: LinkNames): NetworkEvent | undefined {
  const action = event.table !== 'overflow' && event.removed ? 'removed' : 'changed';
  switch (event.table) {
    case 'overflow':
      return { type: 'overflow' };
    case 'link':
      return { type: 'link', action, link: decodeLink(event.entry, names) };
    case 'address': {
      const address = decodeAddress(event.entry, nameOf(event.entry.link, names));
      return { type: 'address', action, address };
    }
    case 'route':
      if ((event.entry.flags & uapi.RTM_F_CLONED) !== 0) return undefined;
      return { type: 'route', action, route: decodeRoute(event.entry, names) };
    case 'neighbour': {
      const neighbour = decodeNeighbour(event.entry, nameOf(event.entry.link, names));
      return { type: 'neighbour', action, neighbour };
    }
    case 'rule':
      return { type: 'rule', action, rule: decodeRule(event.entry) };
  }
}

/** The name a link has or last had; one that came and went unseen has none. */
function nameOf(index: number, names: LinkNames): string {
  return names.get(index) ?? `if${index}`;
}
