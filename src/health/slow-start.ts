/** A weight that grows does so in this many equal steps, the first of them at once. */
const steps = 10;

/** The share of its weight that a server has after so long. */
export function rampFraction(elapsedMs: number, lengthMs: number): number {
  if (elapsedMs >= lengthMs) return 1;
  return (Math.floor((Math.max(0, elapsedMs) * steps) / lengthMs) + 1) / steps;
}

/** When the next step comes; undefined after the last. */
export function nextStepAt(elapsedMs: number, lengthMs: number, now: number): number | undefined {
  const stepMs = lengthMs / steps;
  const done = Math.floor(Math.max(0, elapsedMs) / stepMs);
  if (done >= steps - 1) return undefined;
  return now + (done + 1) * stepMs - elapsedMs;
}

/**
 * When the growth would have begun of which a server with a part of its weight is a witness: it goes
 * on where a director before us left it. Undefined when it has all of it.
 */
export function rampStartFor(
  weight: number,
  fullWeight: number,
  lengthMs: number,
  now: number,
): number | undefined {
  if (weight >= fullWeight) return undefined;
  const step = Math.max(1, Math.round((weight * steps) / fullWeight));
  return now - ((step - 1) * lengthMs) / steps;
}
