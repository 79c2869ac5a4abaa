import type { Clock } from '../health/clock.ts';
import type { Address, AddressConfig } from '../net/address.ts';
import type { Addresses } from '../net/addresses.ts';
import { familyOf } from '../net/ip.ts';
import { NetworkError } from '../net/network-error.ts';
import type { DirectorEventDetails } from '../observe/director-event.ts';
import type { VipStatus } from '../observe/director-status.ts';
import { BackOff } from './back-off.ts';
import { Serially } from './serially.ts';

/** Where VIPs are put. */
export interface VipHost {
  readonly addresses: Pick<Addresses, 'list' | 'add' | 'remove'>;
  /** Tells the neighbours on a link, several times, that an address is there. */
  announce(link: string, vip: string, signal: AbortSignal): Promise<void>;
}

export interface VipPlan {
  readonly link: string;
  readonly vips: readonly string[];
}

export interface VipKeeperOptions {
  readonly host: VipHost;
  readonly clock: Clock;
  readonly onEvent: (details: DirectorEventDetails) => void;
}

/** By this the kernel knows who has added an address, since 5.18. */
const ownProtocol = 76;
const labelSuffix = ':lvs';
const longestLabel = 15;
/** Who missed an announcement, because a link was just coming up, gets another. */
const announceAgainMs = 5000;
/** A VIP that somebody takes away again so soon is put back less and less often. */
const soonMs = 10_000;

interface Held {
  readonly backOff: BackOff;
  present: boolean;
  addedAt: number;
}

/** Puts VIPs on a link, and back when somebody takes them away. It removes none but its own. */
export class VipKeeper {
  readonly #options: VipKeeperOptions;
  readonly #work = new Serially();
  readonly #ending = new AbortController();
  #plan: VipPlan | undefined;
  #held = new Map<string, Held>();
  #cancelTimer: (() => void) | undefined;
  readonly #cancelAnnouncements = new Set<() => void>();
  #trouble: string | undefined;

  constructor(options: VipKeeperOptions) {
    this.#options = options;
  }

  get status(): readonly VipStatus[] {
    const { link = '' } = this.#plan ?? {};
    return Array.from(this.#held, ([vip, { present }]) => ({ vip, link, present }));
  }

  /** Takes in which VIPs are to be where. Undefined: they are somebody else's affair. */
  async set(plan: VipPlan | undefined): Promise<void> {
    const { link } = this.#plan ?? {};
    const before = plan !== undefined && plan.link === link ? this.#held : new Map<string, Held>();
    this.#plan = plan;
    this.#held = new Map(plan?.vips.map((vip) => [vip, before.get(vip) ?? newlyHeld()]));
    await this.look();
  }

  /** Looks whether the VIPs are there, and puts back those that are not. */
  look(): Promise<void> {
    return this.#work.run(async () => {
      const plan = this.#plan;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      if (plan === undefined || this.#ending.signal.aborted) return;
      let trouble: string | undefined;
      const attempt = async (work: () => Promise<void>) => {
        try {
          await work();
        } catch (error) {
          trouble ??= error instanceof Error ? error.message : String(error);
        }
      };
      await attempt(async () => {
        const addresses = await this.#options.host.addresses.list();
        for (const address of addresses.filter((one) => this.#isLeftover(one, plan))) {
          await attempt(() => this.#remove(address));
        }
        for (const [vip, held] of this.#held) {
          const isThere = addresses.some((one) => one.link === plan.link && bare(one) === vip);
          await attempt(() => this.#keep(plan.link, vip, held, isThere));
        }
      });
      if (trouble !== undefined && trouble !== this.#trouble) {
        this.#options.onEvent({ event: 'trouble', reason: trouble });
      }
      this.#trouble = trouble;
      this.#setTimer();
    });
  }

  /** Takes the VIPs away that were put there by a director. */
  async release(): Promise<void> {
    const plan = this.#plan;
    this.#plan = undefined;
    this.#held.clear();
    await this.#work.run(async () => {
      if (plan === undefined) return;
      for (const address of await this.#options.host.addresses.list()) {
        if (isOwn(address)) await this.#remove(address);
      }
    });
  }

  /** Ends, and leaves everything as it is. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#cancelTimer?.();
    for (const cancel of this.#cancelAnnouncements) cancel();
    await this.#work.idle();
  }

  #isLeftover(address: Address, { link, vips }: VipPlan): boolean {
    return isOwn(address) && !(address.link === link && vips.includes(bare(address)));
  }

  async #keep(link: string, vip: string, held: Held, isThere: boolean): Promise<void> {
    const { clock, host, onEvent } = this.#options;
    const now = clock.now();
    if (isThere) {
      held.present = true;
      return;
    }
    if (held.present) {
      held.present = false;
      onEvent({ event: 'vip-removed', vip, link });
      if (now - held.addedAt < soonMs) held.backOff.fail(now);
      else held.backOff.reset();
    }
    if (held.backOff.until > now) return;
    try {
      await host.addresses.add(addressFor(vip, link));
    } catch (error) {
      if (!(error instanceof NetworkError && error.code === 'NETWORK_EXISTS')) {
        held.backOff.fail(now);
        throw error;
      }
    }
    held.present = true;
    held.addedAt = now;
    onEvent({ event: 'vip-added', vip, link });
    this.#announce(link, vip);
  }

  async #remove(address: Address): Promise<void> {
    const { host, onEvent } = this.#options;
    const { link, label } = address;
    try {
      const key = { link: address.linkIndex, address: address.address };
      await host.addresses.remove(label === undefined ? key : { ...key, label });
    } catch (error) {
      const isGone = error instanceof NetworkError && error.code === 'NETWORK_NOT_FOUND';
      if (!isGone) throw error;
    }
    onEvent({ event: 'vip-removed', vip: bare(address), link });
  }

  /** That a link has no such thing, or is down, is no trouble of the VIP. */
  #announce(link: string, vip: string): void {
    const { clock, host } = this.#options;
    const announce = () => {
      host.announce(link, vip, this.#ending.signal).catch(() => undefined);
    };
    announce();
    const cancel = clock.schedule(clock.now() + announceAgainMs, () => {
      this.#cancelAnnouncements.delete(cancel);
      if (this.#held.get(vip)?.present === true) announce();
    });
    this.#cancelAnnouncements.add(cancel);
  }

  #setTimer(): void {
    const { clock } = this.#options;
    const missing = [...this.#held.values()].filter(({ present }) => !present);
    if (missing.length === 0 || this.#ending.signal.aborted) return;
    const at = Math.min(...missing.map(({ backOff }) => backOff.until));
    this.#cancelTimer = clock.schedule(Math.max(at, clock.now()), () => void this.look());
  }
}

function newlyHeld(): Held {
  return { backOff: new BackOff(), present: false, addedAt: Number.NEGATIVE_INFINITY };
}

function bare({ address }: Address): string {
  return address.replace(/\/\d+$/, '');
}

/** Whether a director has put it there: it says so, or on older kernels its label does. */
function isOwn({ protocol, label, link }: Address): boolean {
  return protocol === ownProtocol || label === `${link}${labelSuffix}`;
}

/** Alone in its network, and never the address that this machine speaks from by itself. */
function addressFor(vip: string, link: string): AddressConfig {
  const common = { link, protocol: ownProtocol };
  if (familyOf(vip) === 'ipv6') {
    const flags = ['nodad', 'noprefixroute'] as const;
    return { ...common, address: `${vip}/128`, flags, preferredLifetimeSeconds: 0 };
  }
  const label = `${link}${labelSuffix}`;
  const address = { ...common, address: `${vip}/32`, flags: ['noprefixroute'] as const };
  return Buffer.byteLength(label) > longestLabel ? address : { ...address, label };
}
