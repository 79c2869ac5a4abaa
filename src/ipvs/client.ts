import type { IpvsSocket, NativeFailure, NativeTable } from '../native/ipvs.ts';
import { daemonRecord, requestRecord, serviceRecord } from '../native/ipvs-records.ts';
import { loadAddon } from '../native/load.ts';
import { HeldNamespace } from '../net/held-namespace.ts';
import { loadModule } from '../net/modules.ts';
import type { NamespaceReference } from '../net/namespace-reference.ts';
import { type Change, describeChange } from './change.ts';
import type { Connection } from './connection.ts';
import { type ConnectionsOptions, connectionsIn } from './connections.ts';
import type { DestinationConfig, DestinationKey } from './destination.ts';
import {
  absentError,
  changeError,
  IpvsError,
  isMissingFamily,
  notAvailable,
  readError,
} from './ipvs-error.ts';
import type { NamespaceSource } from './proc-file.ts';
import { type PerCpuStatistics, perCpuStatisticsIn, totalsIn } from './proc-statistics.ts';
import { RecordView } from './record-view.ts';
import {
  formatServiceKey,
  type ServiceConfig,
  type ServiceKey,
  writeServiceKey,
} from './service.ts';
import type { Statistics } from './statistics.ts';
import {
  readSyncDaemon,
  type SyncDaemonConfig,
  type SyncDaemonState,
  type SyncRole,
} from './sync-daemon.ts';
import { type ServiceState, servicesOf } from './table.ts';
import { type TableStatus, tableStatusIn } from './table-status.ts';
import type { Timeouts } from './timeouts.ts';
import { packChanges } from './transaction.ts';
import { type TableSample, type TableWatchOptions, watchTable } from './watch.ts';

/** What to open. */
export interface IpvsOptions {
  /**
   * The network namespace whose table to work on: a name (`/run/netns/NAME`), an absolute path or an
   * open descriptor. Default: the namespace of this process.
   */
  readonly netns?: NamespaceReference;
}

/** What to read of a table. */
export interface ListOptions {
  /** Read counters and rates too. Default false. */
  readonly statistics?: boolean;
  /**
   * Read the services before and after their destinations, and the destinations of services with
   * many, until two reads agree. A single read can pass over live ones when another program removes
   * some at that moment, and since Linux 7.1 also, or see them twice, while the kernel rearranges a
   * table that has grown or shrunk; it does not tell. Counters and connections stay live. Default
   * false.
   */
  readonly consistent?: boolean;
}

/** What the kernel says of its IPVS (`IPVS_CMD_GET_INFO`). */
export interface IpvsInfo {
  /** Of the IPVS code, such as `1.2.1`; it has not changed in 15 years. */
  readonly version: string;
  /**
   * Buckets of the connection table. It grows and shrinks with use since Linux 7.1, where it is 0
   * before the first service.
   */
  readonly connectionTableSize: number;
}

/** What became of one change of a transaction. */
export type ChangeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: IpvsError };

const done: ChangeResult = Object.freeze({ ok: true });

/**
 * The IPVS table of one network namespace.
 *
 * Calls run in the order they are made, one at a time, off the main thread. Every call rejects with
 * an {@link IpvsError} when the kernel refuses, and with a TypeError or RangeError, before anything is
 * sent, for arguments that cannot be right.
 */
export class Ipvs implements AsyncDisposable {
  readonly #socket: IpvsSocket;
  readonly #namespace: HeldNamespace;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(socket: IpvsSocket, namespace: HeldNamespace) {
    this.#socket = socket;
    this.#namespace = namespace;
  }

  /**
   * Opens the table, loading the `ip_vs` module where needed.
   *
   * @throws {@link IpvsError} `IPVS_NOT_AVAILABLE`, `IPVS_NOT_PERMITTED`, `IPVS_NAMESPACE_NOT_FOUND`.
   * @throws UnsupportedError when this is not Linux.
   */
  static async open(options: IpvsOptions = {}): Promise<Ipvs> {
    const what = 'open the IPVS table';
    const socket = new (loadAddon().IpvsSocket)();
    let namespace: HeldNamespace | undefined;
    try {
      namespace = await HeldNamespace.open(options.netns);
      const netns = namespace.argument;
      await socket.open(netns).catch(async (error) => {
        if (!isMissingFamily(error)) throw error;
        // Kernels before 5.16 do not load the module when they are asked for the family.
        await loadModule('ip_vs').catch((failure: Error) => {
          throw notAvailable(error, what, failure.message);
        });
        await socket.open(netns);
      });
    } catch (error) {
      namespace?.close();
      throw readError(error, what);
    }
    return new Ipvs(socket, namespace);
  }

  /**
   * All services with their destinations, in the kernel's own order, which means nothing
   * (`ipvsadm -Ln`).
   *
   * @throws IpvsError `IPVS_DUMP_INTERRUPTED` with `consistent: true`, when other programs change
   * the table as often as it is read.
   */
  async list(options: ListOptions = {}): Promise<readonly ServiceState[]> {
    const table = await this.#read('list the IPVS table', () =>
      this.#socket.readTable({
        statistics: options.statistics ?? false,
        destinations: true,
        consistent: options.consistent ?? false,
      }),
    );
    return servicesOf(table);
  }

  /** One service with its destinations; undefined when there is none (`IPVS_CMD_GET_SERVICE`). */
  async find(
    service: ServiceKey,
    options: Pick<ListOptions, 'statistics'> = {},
  ): Promise<ServiceState | undefined> {
    const view = new RecordView(new ArrayBuffer(serviceRecord.size));
    writeServiceKey(view, 0, service);
    const table = await this.#read(`read service ${formatServiceKey(service)}`, () =>
      this.#readService(view.u8, true, options.statistics ?? false),
    );
    return servicesOf(table)[0];
  }

  /**
   * Adds a virtual service (`ipvsadm -A`).
   *
   * @throws IpvsError `IPVS_SERVICE_EXISTS`, `IPVS_SCHEDULER_NOT_FOUND`, `IPVS_ENGINE_NOT_FOUND`,
   * `IPVS_FAMILY_UNSUPPORTED`, `IPVS_OUT_OF_MEMORY`.
   */
  add(service: ServiceKey, config: ServiceConfig = {}): Promise<void> {
    return this.#change({ type: 'add-service', service, config });
  }

  /**
   * Edits a virtual service (`ipvsadm -E`); what `config` leaves out stays as it is.
   *
   * @throws IpvsError `IPVS_SERVICE_NOT_FOUND`, `IPVS_SCHEDULER_NOT_FOUND`, `IPVS_ENGINE_NOT_FOUND`.
   */
  edit(service: ServiceKey, config: ServiceConfig): Promise<void> {
    return this.#change({ type: 'edit-service', service, config });
  }

  /**
   * Removes a virtual service and its destinations (`ipvsadm -D`). Its connections are dropped
   * silently.
   *
   * @throws IpvsError `IPVS_SERVICE_NOT_FOUND`.
   */
  remove(service: ServiceKey): Promise<void> {
    return this.#change({ type: 'remove-service', service });
  }

  /**
   * Adds a destination to a service (`ipvsadm -a`).
   *
   * @throws IpvsError `IPVS_DESTINATION_EXISTS`, `IPVS_SERVICE_NOT_FOUND`, `IPVS_INVALID` for an
   * address that is not unicast, or of the other family while a sync daemon runs,
   * `IPVS_FAMILY_UNSUPPORTED`, `IPVS_OUT_OF_MEMORY`.
   */
  addDestination(
    service: ServiceKey,
    destination: DestinationKey,
    config: DestinationConfig = {},
  ): Promise<void> {
    return this.#change({ type: 'add-destination', service, destination, config });
  }

  /**
   * Edits a destination (`ipvsadm -e`); what `config` leaves out stays as it is. Established
   * connections go on.
   *
   * @throws IpvsError `IPVS_DESTINATION_NOT_FOUND`, `IPVS_SERVICE_NOT_FOUND`, `IPVS_INVALID`.
   */
  editDestination(
    service: ServiceKey,
    destination: DestinationKey,
    config: DestinationConfig,
  ): Promise<void> {
    return this.#change({ type: 'edit-destination', service, destination, config });
  }

  /**
   * Removes a destination (`ipvsadm -d`). Its connections are dropped silently; set its weight to 0
   * first and wait for them to end.
   *
   * @throws IpvsError `IPVS_DESTINATION_NOT_FOUND`, `IPVS_SERVICE_NOT_FOUND`.
   */
  removeDestination(service: ServiceKey, destination: DestinationKey): Promise<void> {
    return this.#change({ type: 'remove-destination', service, destination });
  }

  /**
   * Removes every service (`ipvsadm -C`). Not the way to replace a table: adding again soon after is
   * slow (the kernel walks what was removed for every addition) and drops all connections.
   */
  flush(): Promise<void> {
    return this.#change({ type: 'flush' });
  }

  /**
   * Sets the counters of a service and its destinations, or all counters, to zero (`ipvsadm -Z`).
   *
   * @throws IpvsError `IPVS_SERVICE_NOT_FOUND`.
   */
  zero(service?: ServiceKey): Promise<void> {
    return this.#change(service === undefined ? { type: 'zero' } : { type: 'zero', service });
  }

  /** How long idle connections are kept (`ipvsadm -L --timeout`, `IPVS_CMD_GET_CONFIG`). */
  async timeouts(): Promise<Timeouts> {
    return await this.#read('read the timeouts', () => this.#socket.readTimeouts());
  }

  /** Changes the timeouts given, keeps the others (`ipvsadm --set`). */
  setTimeouts(timeouts: Partial<Timeouts>): Promise<void> {
    return this.#change({ type: 'set-timeouts', timeouts });
  }

  /** Version and size of the kernel's IPVS (`ipvsadm -L` has them in its first line). */
  async info(): Promise<IpvsInfo> {
    const { version, connectionTableSize } = await this.#read('read the IPVS version', () =>
      this.#socket.readInfo(),
    );
    const text = `${version >> 16}.${(version >> 8) & 0xff}.${version & 0xff}`;
    return { version: text, connectionTableSize };
  }

  /** The sync daemons that run, none to two (`ipvsadm -L --daemon`). */
  async syncDaemons(): Promise<readonly SyncDaemonState[]> {
    const records = await this.#read('list the sync daemons', () => this.#socket.readDaemons());
    const view = new RecordView(records);
    const daemons: SyncDaemonState[] = [];
    for (let at = 0; at < records.byteLength; at += daemonRecord.size) {
      daemons.push(readSyncDaemon(view, at));
    }
    return daemons;
  }

  /**
   * Starts a sync daemon (`ipvsadm --start-daemon`).
   *
   * @throws IpvsError `IPVS_DAEMON_EXISTS`, `IPVS_INTERFACE_NOT_FOUND`, `IPVS_INVALID` when the
   * interface is down or lacks addresses of the group's family, and while a service has destinations
   * of both families, `IPVS_OUT_OF_MEMORY`.
   */
  startSyncDaemon(daemon: SyncDaemonConfig): Promise<void> {
    return this.#change({ type: 'start-sync-daemon', daemon });
  }

  /**
   * Stops a sync daemon (`ipvsadm --stop-daemon`).
   *
   * @throws IpvsError `IPVS_DAEMON_NOT_FOUND`.
   */
  stopSyncDaemon(role: SyncRole): Promise<void> {
    return this.#change({ type: 'stop-sync-daemon', role });
  }

  /**
   * Makes many changes in one exchange, in order, and says of each what became of it.
   *
   * All arguments are checked before anything is sent. The kernel has no rollback: a change that it
   * refuses does not stop those behind it, nor undo those before it.
   *
   * @throws TypeError, RangeError naming the change by its index; nothing was sent then.
   * @throws IpvsError `IPVS_CLOSED`, or when an edit that leaves settings open cannot be completed
   * from what is there. What the kernel refuses is not thrown: it is in the results.
   */
  async transaction(list: readonly Change[]): Promise<readonly ChangeResult[]> {
    if (!Array.isArray(list)) throw new TypeError('changes must be an array');
    // The caller may go on with its array while calls made before this one are still under way.
    const changes: readonly Change[] = [...list];
    return await this.#exclusive(async () => {
      const { chunks, absent } = await packChanges(changes, {
        service: (key) => this.#readService(key, false, false),
        destinations: (keys) => this.#socket.readDestinations(keys),
      }).catch((error) => {
        throw readError(error, 'read what is to be edited');
      });
      const results: ChangeResult[] = new Array(changes.length).fill(done);
      let offset = 0;
      for (const chunk of chunks) {
        for (const failure of await this.#execute(chunk)) {
          const index = offset + failure.index;
          const error = await this.#explain(changes[index] as Change, failure);
          if (error !== undefined) results[index] = { ok: false, error };
        }
        offset += chunk.byteLength / requestRecord.size;
      }
      for (const index of absent) {
        if (results[index] === done) {
          results[index] = { ok: false, error: absentError(changes[index] as Change) };
        }
      }
      return results;
    });
  }

  /**
   * Streams the connection table (`ipvsadm -Lnc`); {@link readConnections} says what to expect of
   * it. Other calls do not wait for it, and closing the client does not end it.
   */
  connections(options: ConnectionsOptions = {}): AsyncIterableIterator<Connection> {
    return connectionsIn(this.#source, options);
  }

  /**
   * The counters and rates of the whole table (`/proc/net/ip_vs_stats`). `readTotals` does it without
   * a client.
   *
   * @throws IpvsError `IPVS_UNKNOWN_FORMAT`, `IPVS_NOT_AVAILABLE`.
   */
  totals(): Promise<Statistics> {
    return totalsIn(this.#source);
  }

  /** The counters of the whole table by CPU (`/proc/net/ip_vs_stats_percpu`); as {@link totals}. */
  perCpuStatistics(): Promise<PerCpuStatistics> {
    return perCpuStatisticsIn(this.#source);
  }

  /**
   * The inside of the table, for tuning it. Undefined on kernels that do not tell, which are those
   * before Linux 7.1. Only root may read it.
   *
   * @throws IpvsError `IPVS_NOT_PERMITTED`, `IPVS_UNKNOWN_FORMAT`.
   */
  tableStatus(): Promise<TableStatus | undefined> {
    return tableStatusIn(this.#source);
  }

  /**
   * Samples the table at intervals, and tells what changed and how fast counters grew meanwhile. The
   * kernel announces no changes, so what comes and goes between two samples is not seen.
   *
   * A failure to read ends the iteration with its error; leaving the loop, and the signal, end it
   * without. That other programs never stop changing the table is no failure: such samples say so in
   * {@link TableSample.consistent}.
   *
   * @throws TypeError, RangeError at once for options that cannot be right.
   */
  watch(options: TableWatchOptions = {}): AsyncIterableIterator<TableSample> {
    return watchTable((reading) => this.list(reading), options);
  }

  /** Closes the socket when the calls under way are done. Closing twice is no error. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
    this.#socket.close();
    this.#namespace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Where to look for files of /proc/net. */
  readonly #source: NamespaceSource = () => {
    if (this.#closed) throw closedError();
    return this.#namespace.argument;
  };

  async #change(change: Change): Promise<void> {
    const [result] = await this.transaction([change]);
    if (result?.ok === false) throw result.error;
  }

  /** Sends packed requests; refused whole only when the caller may not speak to IPVS at all. */
  async #execute(chunk: Uint8Array): Promise<readonly NativeFailure[]> {
    try {
      return await this.#socket.execute(chunk);
    } catch (error) {
      throw readError(error, 'change the IPVS table');
    }
  }

  /** The error of a failed change; none when it turns out to have been done. */
  async #explain(change: Change, failure: NativeFailure): Promise<IpvsError | undefined> {
    if (failure.errno < 0 && change.type === 'stop-sync-daemon') {
      // A daemon that is stopped before its thread ever ran is stopped, but no answer is sent.
      const daemons = new RecordView(await this.#socket.readDaemons());
      for (let at = 0; at < daemons.buffer.byteLength; at += daemonRecord.size) {
        if (readSyncDaemon(daemons, at).role === change.role) {
          return changeError(change, describeChange(change), failure.errno, '');
        }
      }
      return undefined;
    }
    return changeError(change, describeChange(change), failure.errno, failure.kernelMessage);
  }

  #readService(key: Uint8Array, destinations: boolean, statistics: boolean): Promise<NativeTable> {
    return this.#socket.readService(key, { statistics, destinations, consistent: false });
  }

  async #read<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    return await this.#exclusive(async () => {
      try {
        return await work();
      } catch (error) {
        throw readError(error, what);
      }
    });
  }

  /** Runs `work` after everything that was asked for before. */
  #exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) {
      return Promise.reject(closedError());
    }
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

function closedError(): IpvsError {
  return new IpvsError('IPVS_CLOSED', 'the IPVS client is closed');
}
