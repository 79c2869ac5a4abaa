const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** A duration in its two largest units: `30d`, `1h5m`, `12s`, `350ms`. */
export function humanDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const at = units.findIndex(([, unit]) => ms >= unit);
  const [name, unit] = units[at] ?? ['s', 1000];
  const [lesserName, lesser] = units[at + 1] ?? ['', unit];
  const whole = Math.floor(ms / unit);
  const rest = Math.floor((ms % unit) / lesser);
  return rest === 0 || lesserName === ''
    ? `${whole}${name}`
    : `${whole}${name}${rest}${lesserName}`;
}
