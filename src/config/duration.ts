const unitMs: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/** What a duration looks like: `500ms`, `90s`, `5m`, `1h30m`, `2d`. */
export const durationPattern: RegExp =
  /^(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?$/;

/** Reads a duration; undefined when it is none. @returns Milliseconds. */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) {
    total += Number(number) * (unitMs[unit ?? ''] ?? 0);
  }
  return total;
}

/** Prints whole seconds in the largest unit that has no remainder: `5m`, `90s`, `1d`. */
export function formatSeconds(seconds: number): string {
  for (const unit of ['d', 'h', 'm']) {
    const length = (unitMs[unit] ?? 0) / 1000;
    if (seconds > 0 && seconds % length === 0) return `${seconds / length}${unit}`;
  }
  return `${seconds}s`;
}

/** Prints whole milliseconds: as {@link formatSeconds} where they are whole seconds. */
export function formatMilliseconds(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? formatSeconds(milliseconds / 1000) : `${milliseconds}ms`;
}
