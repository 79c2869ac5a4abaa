import type { Check } from '../config/checks.ts';
import type { DirectorConfig } from '../config/director-config.ts';
import type { Clock } from '../health/clock.ts';
import type { DirectorEventDetails } from '../observe/director-event.ts';
import type { VipStatus } from '../observe/director-status.ts';
import type { DirectorHost } from './host.ts';
import { Serially } from './serially.ts';
import { VipKeeper } from './vip-keeper.ts';

export interface SurroundingsOptions {
  readonly host: Pick<DirectorHost, 'dataPath' | 'vips' | 'watch'>;
  readonly clock: Clock;
  readonly onEvent: (details: DirectorEventDetails) => void;
}

/** How often everything is looked at, also when nothing tells that it has changed. */
const lookMs = 30_000;
/** Changes of links and addresses come in crowds. */
const settleMs = 50;

/**
 * What is around the table: the VIPs on the director's link, and the ways of checks through the data
 * path. Both are looked at again when links or addresses change.
 */
export class Surroundings {
  readonly #options: SurroundingsOptions;
  readonly #vips: VipKeeper;
  readonly #work = new Serially();
  readonly #ending = new AbortController();
  #checks: readonly (Check | undefined)[] = [];
  #cancelTimer: (() => void) | undefined;
  #trouble: string | undefined;

  constructor(options: SurroundingsOptions) {
    this.#options = options;
    const { host, clock, onEvent } = options;
    this.#vips = new VipKeeper({ host: host.vips, clock, onEvent });
  }

  get vips(): readonly VipStatus[] {
    return this.#vips.status;
  }

  /** Finds the ways of the checks of a configuration. */
  async setChecks({ services }: Pick<DirectorConfig, 'services'>): Promise<void> {
    this.#checks = services.flatMap(({ servers }) => servers.map(({ check }) => check));
    await this.#work.run(() => this.#findWays());
  }

  /** Puts the VIPs of a configuration where they are to be, and keeps them there. */
  async setVips({ director, services }: DirectorConfig): Promise<void> {
    const { vips, interface: link } = director;
    if (vips === 'leave' || link === undefined) return await this.#vips.set(undefined);
    const addresses = services.flatMap(({ service: { key } }) =>
      key.firewallMark === undefined ? key.address : [],
    );
    await this.#vips.set({ link, vips: [...new Set(addresses)] });
  }

  /** Looks again from now on. */
  keep(): void {
    void this.#follow();
    this.#lookIn(lookMs);
  }

  /** @param flush Whether the VIPs go. */
  async end(flush: boolean): Promise<void> {
    this.#ending.abort();
    this.#cancelTimer?.();
    await this.#work.idle();
    if (flush) await this.#vips.release();
    await this.#vips.close();
    await this.#options.host.dataPath.close();
  }

  async #follow(): Promise<void> {
    const { host, onEvent } = this.#options;
    const { signal } = this.#ending;
    try {
      for await (const _ of host.watch(signal)) this.#lookIn(settleMs);
    } catch (error) {
      if (signal.aborted) return;
      const reason = `changes of links and addresses are seen late: ${messageOf(error)}`;
      onEvent({ event: 'trouble', reason });
    }
  }

  #lookIn(ms: number): void {
    this.#cancelTimer?.();
    if (this.#ending.signal.aborted) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.schedule(clock.now() + ms, () => {
      void this.#work.run(async () => {
        await this.#vips.look();
        await this.#findWays();
        this.#lookIn(lookMs);
      });
    });
  }

  async #findWays(): Promise<void> {
    const { host, onEvent } = this.#options;
    try {
      await host.dataPath.keep(this.#checks);
      this.#trouble = undefined;
    } catch (error) {
      const reason = `checks through the data path may fail: ${messageOf(error)}`;
      if (reason !== this.#trouble) onEvent({ event: 'trouble', reason });
      this.#trouble = reason;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
