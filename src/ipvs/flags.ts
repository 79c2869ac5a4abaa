import { checkName } from '../check.ts';

/** Service flags of `<linux/ip_vs.h>` (`IP_VS_SVC_F_*`). The kernel's own `HASHED` is not ours. */
export const serviceFlag = {
  persistent: 0x1,
  hashed: 0x2,
  onePacket: 0x4,
  scheduler1: 0x8,
  scheduler2: 0x10,
  scheduler3: 0x20,
} as const;

/**
 * A switch of the service's scheduler (`ipvsadm -b`). `sh-fallback` and `mh-fallback`: go on to
 * another destination when the chosen one is unavailable. `sh-port` and `mh-port`: hash the source
 * port too. The kernel has three such bits and each scheduler reads them its own way; a bit that
 * the service's scheduler has no name for is `flag-1`, `flag-2` or `flag-3`.
 */
export type SchedulerFlag =
  | 'sh-fallback'
  | 'sh-port'
  | 'mh-fallback'
  | 'mh-port'
  | 'flag-1'
  | 'flag-2'
  | 'flag-3';

const bitOf: Readonly<Record<SchedulerFlag, number>> = {
  'sh-fallback': serviceFlag.scheduler1,
  'sh-port': serviceFlag.scheduler2,
  'mh-fallback': serviceFlag.scheduler1,
  'mh-port': serviceFlag.scheduler2,
  'flag-1': serviceFlag.scheduler1,
  'flag-2': serviceFlag.scheduler2,
  'flag-3': serviceFlag.scheduler3,
};

/**
 * The bits of scheduler flags.
 *
 * @throws RangeError for an unknown flag, and for one of another scheduler, whose bit would mean
 * something else to this one.
 */
export function schedulerFlagBits(flags: readonly SchedulerFlag[], scheduler: string): number {
  if (!Array.isArray(flags)) throw new TypeError('schedulerFlags must be an array');
  let bits = 0;
  for (const flag of flags as readonly SchedulerFlag[]) {
    const bit = checkName(bitOf, flag, 'scheduler flag');
    const owner = flag.slice(0, 2);
    if (!flag.startsWith('flag-') && owner !== scheduler) {
      throw new RangeError(`scheduler flag ${flag} is for scheduler ${owner}, not ${scheduler}`);
    }
    bits |= bit;
  }
  return bits;
}

/** The flags whose bits are set, by the names the scheduler has for them. */
export function schedulerFlagNames(bits: number, scheduler: string): readonly SchedulerFlag[] {
  const named = scheduler === 'sh' || scheduler === 'mh';
  const flags: SchedulerFlag[] = [];
  if (bits & serviceFlag.scheduler1) flags.push(named ? `${scheduler}-fallback` : 'flag-1');
  if (bits & serviceFlag.scheduler2) flags.push(named ? `${scheduler}-port` : 'flag-2');
  if (bits & serviceFlag.scheduler3) flags.push('flag-3');
  return flags;
}
