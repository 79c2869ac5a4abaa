import type { DeclaredService } from '../config/director-config.ts';
import { formatDestinationKey } from '../ipvs/destination.ts';
import { formatServiceKey } from '../ipvs/service.ts';

/** How long a service that no configuration has had may keep its connections. */
const foreignTimeoutMs = 300_000;

/** The services of the configuration, by their names and by their keys. */
export class Declared {
  #byName: ReadonlyMap<string, DeclaredService> = new Map();
  #byKey: ReadonlyMap<string, DeclaredService> = new Map();
  /** Also of services that are gone from the configuration: their connections end as they were told. */
  readonly #timeouts = new Map<string, number>();

  set(services: readonly DeclaredService[]): void {
    this.#byName = new Map(services.map((service) => [service.name, service]));
    this.#byKey = new Map(services.map((one) => [formatServiceKey(one.service.key), one]));
    for (const [key, { policy }] of this.#byKey) this.#timeouts.set(key, policy.drainTimeoutMs);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  hasServer(name: string, server: string): boolean {
    const service = this.#byName.get(name);
    return service?.servers.some((one) => nameOf(one) === server) ?? false;
  }

  /** Every server: the name of its service, the text of the service's key, and of its own. */
  *servers(): Generator<{ service: string; key: string; server: string }> {
    for (const [key, declared] of this.#byKey) {
      for (const one of declared.servers) {
        yield { service: declared.name, key, server: nameOf(one) };
      }
    }
  }

  /** @param key The text of the service's key. */
  byKey(key: string): DeclaredService | undefined {
    return this.#byKey.get(key);
  }

  keyOf(name: string): string | undefined {
    const service = this.#byName.get(name);
    return service && formatServiceKey(service.service.key);
  }

  /** How long what goes from a service may keep its connections. @param key Its text. */
  drainTimeoutMs(key: string): number {
    return this.#timeouts.get(key) ?? foreignTimeoutMs;
  }
}

function nameOf({ destination }: DeclaredService['servers'][number]): string {
  return formatDestinationKey(destination.key);
}
