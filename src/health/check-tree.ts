import type { Check, SingleCheck } from '../config/checks.ts';

/** The single checks of a check, in the order they are written. */
export function leavesOf(check: Check | undefined): readonly SingleCheck[] {
  if (check === undefined) return [];
  if (check.combine === 'none') return [check];
  return check.checks.flatMap(leavesOf);
}

/**
 * What a check comes to.
 *
 * Agents have no vote: that one cannot be reached says nothing, and that it calls the server down
 * stands above every other check.
 *
 * @param healthy The single checks that are healthy, by their order in {@link leavesOf}.
 */
export function isHealthy(check: Check | undefined, healthy: readonly boolean[]): boolean {
  let next = 0;
  const verdict = (node: Check): boolean | undefined => {
    if (node.combine === 'none') {
      const own = healthy[next++] ?? false;
      return node.probe.kind === 'agent' ? undefined : own;
    }
    const votes = node.checks.map(verdict).filter((vote) => vote !== undefined);
    if (votes.length === 0) return undefined;
    return node.combine === 'all' ? votes.every(Boolean) : votes.some(Boolean);
  };
  return check === undefined ? true : (verdict(check) ?? true);
}

/**
 * A text that two checks share when one can be made for both: they ask the same of the same target,
 * as often. How many answers make a verdict is each one's own.
 */
export function checkKey({ probe, target, pace }: SingleCheck): string {
  const { rise: _rise, fall: _fall, ...timing } = pace;
  return JSON.stringify([probe, target, timing], (_name, value: unknown) => {
    if (value instanceof RegExp) return { pattern: value.source, flags: value.flags };
    if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
    return value;
  });
}
