import { checkInteger, checkObject } from '../check.ts';

/**
 * How long idle connections are kept, in whole seconds (`ipvsadm --set`, `IPVS_CMD_SET_CONFIG`).
 * Per network namespace.
 */
export interface Timeouts {
  /** An established TCP connection. Kernel default 900. */
  readonly tcp: number;
  /** A TCP connection after a FIN. Kernel default 120. */
  readonly tcpFin: number;
  /** Kernel default 300. */
  readonly udp: number;
}

/** The kernel keeps jiffies in an int; with HZ=1000 this is the most that fits. */
const maxTimeoutSeconds = 2_147_483;

/** The three numbers of a request; 0 tells the kernel to leave one as it is. */
export function timeoutNumbers(timeouts: Partial<Timeouts>): readonly [number, number, number] {
  checkObject(timeouts, 'timeouts');
  const number = (name: keyof Timeouts): number => {
    const value = timeouts[name];
    if (value === undefined) return 0;
    checkInteger(value, 1, maxTimeoutSeconds, `timeout ${name}`);
    return value;
  };
  return [number('tcp'), number('tcpFin'), number('udp')];
}
