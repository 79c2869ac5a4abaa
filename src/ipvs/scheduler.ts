/** The schedulers of the Linux tree. */
export const schedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'twos',
] as const;

/** One of {@link schedulers}. */
export type KnownScheduler = (typeof schedulers)[number];

/**
 * How a service chooses a destination for a new connection (`ipvsadm -s`): the name of a kernel
 * module `ip_vs_NAME`, which the kernel loads on demand.
 *
 * Known to Linux: `rr` round robin, `wrr` weighted round robin, `lc` least connections, `wlc`
 * weighted least connections, `lblc` and `lblcr` locality-based least connections without and with
 * replication, `dh` and `sh` destination and source hashing, `sed` shortest expected delay, `nq`
 * never queue, `fo` weighted failover (3.18), `ovf` overflow (4.3), `mh` Maglev hashing (4.18),
 * `twos` power of two choices (5.13). `none` binds no scheduler (4.2). Other names are passed on, for
 * modules of one's own.
 */
export type Scheduler = KnownScheduler | 'none' | (string & {});

/**
 * Whether a scheduler goes on choosing a destination of weight 0, so that the clients it chose it for
 * are refused: `dh`, and `sh` and `mh` without their fallback (`ip_vs_sh.c`, `ip_vs_mh.c`).
 */
export function refusesAtWeightZero(scheduler: Scheduler, flags: readonly string[]): boolean {
  if (scheduler === 'sh' || scheduler === 'mh') return !flags.includes(`${scheduler}-fallback`);
  return scheduler === 'dh';
}

/** Longest scheduler name in bytes: `IP_VS_SCHEDNAME_MAXLEN` less the terminating NUL. */
export const maxSchedulerNameLength = 15;

/** Longest persistence engine name in bytes that the kernel takes: `IP_VS_PENAME_MAXLEN`. */
export const maxEngineNameLength = 16;

/** Demands a name that can be part of a module's name. */
export function checkModuleName(name: string, maxLength: number, what: string): void {
  if (typeof name !== 'string') throw new TypeError(`${what} must be a string`);
  if (name === '') throw new RangeError(`${what} must not be empty`);
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    throw new RangeError(
      `${what} ${JSON.stringify(name)} may hold only letters, digits, "_" and "-"`,
    );
  }
  if (name.length > maxLength) {
    throw new RangeError(`${what} ${JSON.stringify(name)} is longer than ${maxLength} characters`);
  }
}
