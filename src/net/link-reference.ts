import { checkInteger } from '../check.ts';

/** A link of the network namespace, by its name or one of its alternative names, or by its index. */
export type LinkReference = string | number;

const longestName = 15;

/**
 * Demands a name that a link can have: 1 to 15 bytes without `/`, `:`, `%` or blanks, and neither
 * `.` nor `..`.
 *
 * @throws TypeError when it is not a string, RangeError otherwise.
 */
export function checkLinkName(name: string, what = 'link name'): void {
  if (typeof name !== 'string') throw new TypeError(`${what} must be a string`);
  const length = Buffer.byteLength(name);
  // The kernel takes a % for a pattern (veth%d) and would make up a name.
  if (length < 1 || length > longestName || /^\.{1,2}$|[/:%\s\0]/.test(name)) {
    throw new RangeError(
      `${what} ${JSON.stringify(name)} must have 1 to ${longestName} bytes, without / : % or blanks`,
    );
  }
}

/** Demands a name or an index. @throws TypeError or RangeError, naming `what`. */
export function checkLinkReference(link: LinkReference, what = 'link'): void {
  if (typeof link === 'number') {
    checkInteger(link, 1, 0x7fffffff, `${what} index`);
  } else if (typeof link === 'string') {
    checkLinkName(link, `${what} name`);
  } else {
    throw new TypeError(`${what} must be a name or an index`);
  }
}

/** How a link is called in sentences. */
export function describeLink(link: LinkReference): string {
  return typeof link === 'number' ? `link ${link}` : link;
}
