import type { Change } from '../../src/ipvs/change.ts';
import type { ChangeResult, ListOptions } from '../../src/ipvs/client.ts';
import { type DestinationKey, formatDestinationKey } from '../../src/ipvs/destination.ts';
import { IpvsError, type IpvsErrorCode } from '../../src/ipvs/ipvs-error.ts';
import { formatServiceKey, type ServiceKey } from '../../src/ipvs/service.ts';
import type { DestinationState, ServiceState } from '../../src/ipvs/table.ts';
import { canonicalService } from '../../src/ipvs/table-definition.ts';
import type { ComparedService } from '../../src/ipvs/table-diff.ts';
import { subjectOf } from '../../src/reconcile/plan.ts';
import { counted } from './table-states.ts';

interface FakeService {
  settings: Omit<ServiceState, 'destinations'>;
  readonly destinations: Map<string, DestinationState>;
}

type TableEdit = Extract<Change, { readonly type: `${string}-${'service' | 'destination'}` }>;

/** An IPVS table without a kernel: takes what the kernel takes, and remembers what it was sent. */
export class FakeKernel {
  readonly #services = new Map<string, FakeService>();
  /** What was sent, as `add-destination tcp 192.0.2.1:80 10.0.0.1:80`. */
  readonly sent: string[] = [];
  /** By the same texts: what is refused, and with what. */
  readonly refuses = new Map<string, IpvsErrorCode>();
  /** How many times the table was read. */
  readings = 0;
  /** Thrown by the next reading. */
  failure: Error | undefined;
  /** Run when the table has been read, before the reader has it. */
  afterReading: (() => void | Promise<void>) | undefined;

  constructor(table: readonly ComparedService[] = []) {
    for (const service of table) this.#put(service);
  }

  /** What was sent since this was asked. */
  takeSent(): readonly string[] {
    return this.sent.splice(0);
  }

  async list(_options: ListOptions = {}): Promise<readonly ServiceState[]> {
    this.readings++;
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const table = Array.from(this.#services.values(), ({ settings, destinations }) => ({
      ...settings,
      destinations: [...destinations.values()],
    }));
    await this.afterReading?.();
    return table;
  }

  async transaction(changes: readonly Change[]): Promise<readonly ChangeResult[]> {
    return changes.map((change) => {
      const edit = change as TableEdit;
      const text = `${edit.type} ${subjectOf(edit)}`;
      this.sent.push(text);
      const refusal = this.refuses.get(text) ?? this.#make(edit);
      if (refusal === undefined) return { ok: true };
      return { ok: false, error: new IpvsError(refusal, `cannot ${text}: ${refusal}`) };
    });
  }

  async flush(): Promise<void> {
    this.sent.push('flush');
    this.#services.clear();
  }

  /** `10.0.0.1:80=1` of each destination, in their order; undefined without the service. */
  weights(service: ServiceKey): readonly string[] | undefined {
    const found = this.#services.get(formatServiceKey(service));
    return found && Array.from(found.destinations, ([name, { weight }]) => `${name}=${weight}`);
  }

  get services(): readonly string[] {
    return [...this.#services.keys()];
  }

  /** What another program does. */
  meddle(...changes: readonly TableEdit[]): void {
    for (const change of changes) {
      const refusal = this.#make(change);
      if (refusal !== undefined) throw new Error(`cannot ${change.type}: ${refusal}`);
    }
  }

  setConnections(service: ServiceKey, destination: DestinationKey, active: number): void {
    const found = this.#services.get(formatServiceKey(service));
    const name = formatDestinationKey(destination);
    const state = found?.destinations.get(name);
    if (found === undefined || state === undefined) throw new Error(`there is no ${name}`);
    found.destinations.set(name, { ...state, activeConnections: active });
  }

  #put(service: ComparedService): void {
    const { destinations, ...settings } = service;
    this.#services.set(formatServiceKey(service.key), {
      settings: { ...settings, statistics: counted() },
      destinations: new Map(
        destinations.map((one) => [
          formatDestinationKey(one.key),
          {
            ...one,
            activeConnections: 0,
            inactiveConnections: 0,
            persistentConnections: 0,
            statistics: counted(),
          },
        ]),
      ),
    });
  }

  #make(change: TableEdit): IpvsErrorCode | undefined {
    const name = formatServiceKey(change.service);
    const there = this.#services.get(name);
    if (change.type === 'add-service') {
      if (there !== undefined) return 'IPVS_SERVICE_EXISTS';
      this.#put(canonicalService({ key: change.service, config: change.config ?? {} }));
      return undefined;
    }
    if (there === undefined) return 'IPVS_SERVICE_NOT_FOUND';
    if (change.type === 'edit-service') {
      const { destinations: _, ...settings } = canonicalService({
        key: change.service,
        config: change.config,
      });
      there.settings = { ...settings, statistics: there.settings.statistics };
      return undefined;
    }
    if (change.type === 'remove-service') {
      this.#services.delete(name);
      return undefined;
    }
    const text = formatDestinationKey(change.destination);
    const before = there.destinations.get(text);
    if (change.type === 'add-destination' && before !== undefined) return 'IPVS_DESTINATION_EXISTS';
    if (change.type !== 'add-destination' && before === undefined) {
      return 'IPVS_DESTINATION_NOT_FOUND';
    }
    if (change.type === 'remove-destination') {
      there.destinations.delete(text);
      return undefined;
    }
    const [made] = canonicalService({
      key: change.service,
      destinations: [{ key: change.destination, config: change.config ?? {} }],
    }).destinations;
    if (made === undefined) return 'IPVS_INVALID';
    there.destinations.set(text, {
      activeConnections: 0,
      inactiveConnections: 0,
      persistentConnections: 0,
      statistics: counted(),
      ...before,
      ...made,
    });
    return undefined;
  }
}
