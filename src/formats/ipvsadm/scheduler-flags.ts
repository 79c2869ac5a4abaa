import { serviceFlag } from '../../ipvs/flags.ts';

/** The bits of the names, and the one scheduler that has the name. */
const flags: Readonly<Record<string, readonly [bit: number, scheduler?: string]>> = {
  'flag-1': [serviceFlag.scheduler1],
  'flag-2': [serviceFlag.scheduler2],
  'flag-3': [serviceFlag.scheduler3],
  'sh-fallback': [serviceFlag.scheduler1, 'sh'],
  'sh-port': [serviceFlag.scheduler2, 'sh'],
  'mh-fallback': [serviceFlag.scheduler1, 'mh'],
  'mh-port': [serviceFlag.scheduler2, 'mh'],
};

/** ipvsadm keeps the list in a buffer of 128 bytes. */
const longestList = 127;

/**
 * Reads the list of `-b`; empty names are passed over.
 *
 * @param scheduler The one of the service, empty for the default.
 * @returns The bits, or what is wrong.
 */
export function schedulerFlags(list: string, scheduler: string): number | string {
  const names = list
    .slice(0, longestList)
    .split(',')
    .filter((name) => name !== '');
  // ipvsadm itself ends in a segmentation fault here.
  if (names.length === 0) return `invalid scheduler flag \`${list}'`;
  let bits = 0;
  for (const name of names) {
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) return `invalid scheduler flag \`${name}'`;
    const [bit, owner] = flag;
    if (owner !== undefined && owner !== (scheduler === '' ? 'wlc' : scheduler)) {
      return `incompatible scheduler flag \`${name}'`;
    }
    bits |= bit;
  }
  return bits;
}
