import { loadAddon } from '../native/load.ts';
import { networkError } from '../net/network-error.ts';

/**
 * What the service manager is told. Each call says what it says and leaves the rest as it was.
 *
 * @see `sd_notify(3)`
 */
export interface ServiceState {
  /** `READY=1`: started, or reloaded. */
  readonly ready?: true;
  /** `RELOADING=1`, with the time that the manager asks for; to be followed by `ready`. */
  readonly reloading?: true;
  /** `STOPPING=1`. */
  readonly stopping?: true;
  /** `WATCHDOG=1`: still alive. */
  readonly watchdog?: true;
  /** `STATUS=`: one line for `systemctl status`; an end of line in it becomes a space. */
  readonly status?: string;
  /** `EXTEND_TIMEOUT_USEC=`: how much longer the present start, stop or reload may take. */
  readonly extendTimeoutMs?: number;
}

/** The part of the environment that systemd sets. */
export interface NotifyEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/**
 * Tells the service manager (systemd) that started this process what its state is; does nothing
 * without one. Datagrams keep their order when each call is awaited.
 *
 * @returns Whether there is a service manager.
 * @throws {@link NetworkError} when it does not read what it is told: `NETWORK_REFUSED` when it is
 * gone, `NETWORK_NOT_FOUND`, `NETWORK_INVALID` when `NOTIFY_SOCKET` names no unix socket.
 */
export async function notify(
  state: ServiceState,
  environment: NotifyEnvironment = process.env,
): Promise<boolean> {
  const { NOTIFY_SOCKET: socket = '' } = environment;
  if (socket === '') return false;
  try {
    await loadAddon().notifyManager(socket, formatServiceState(state));
  } catch (failure) {
    throw networkError(`cannot notify the service manager at ${socket}`, failure, {
      ECONNREFUSED: { code: 'NETWORK_REFUSED', reason: 'nobody reads there' },
      ENOENT: { code: 'NETWORK_NOT_FOUND', reason: 'there is no such socket' },
      EAFNOSUPPORT: { code: 'NETWORK_INVALID', reason: 'it is neither a path nor an @name' },
      ENAMETOOLONG: { code: 'NETWORK_INVALID', reason: 'the name is too long' },
      EAGAIN: { code: 'NETWORK_TIMEOUT', reason: 'it reads nothing' },
    });
  }
  return true;
}

/** The lines of `sd_notify(3)` for a state. @throws RangeError for a time that is none. */
export function formatServiceState(state: ServiceState): string {
  const lines: string[] = [];
  if (state.reloading === true) lines.push('RELOADING=1', `MONOTONIC_USEC=${monotonicUsec()}`);
  if (state.ready === true) lines.push('READY=1');
  if (state.stopping === true) lines.push('STOPPING=1');
  if (state.watchdog === true) lines.push('WATCHDOG=1');
  if (state.status !== undefined) lines.push(`STATUS=${state.status.replaceAll(/[\r\n]+/g, ' ')}`);
  if (state.extendTimeoutMs !== undefined) {
    if (!(state.extendTimeoutMs >= 0 && state.extendTimeoutMs < 1e12)) {
      throw new RangeError(`extendTimeoutMs must be a time, not ${state.extendTimeoutMs}`);
    }
    lines.push(`EXTEND_TIMEOUT_USEC=${Math.round(state.extendTimeoutMs * 1000)}`);
  }
  return lines.join('\n');
}

/** `CLOCK_MONOTONIC`, which is what Node's high-resolution time is. */
function monotonicUsec(): bigint {
  return process.hrtime.bigint() / 1000n;
}

/**
 * How often the service manager wants `watchdog`, in milliseconds; undefined when it does not. Twice
 * as often is what `sd_watchdog_enabled(3)` recommends.
 */
export function watchdogIntervalMs(
  environment: NotifyEnvironment = process.env,
  pid: number = process.pid,
): number | undefined {
  const { WATCHDOG_USEC: interval = '', WATCHDOG_PID: owner = '' } = environment;
  if (!/^[1-9]\d{0,15}$/.test(interval)) return undefined;
  // The environment is inherited; the watch is not.
  if (owner !== '' && owner !== String(pid)) return undefined;
  return Number(interval) / 1000;
}
