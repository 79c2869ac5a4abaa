// Numbers and addresses as functions of the C library read them. Text is bytes, one character each.

/** White space to `strtol` and `isspace`. */
const space = '[\\t-\\r ]';
const decimal = new RegExp(`^${space}*([+-]?\\d+)`);
const wholeDecimal = new RegExp(`^${space}*([+-]?\\d+)$`);
/** A part of an address: a number as C writes them, with 0x for hexadecimal and 0 for octal. */
const part = /0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*/y;
const onlySpaceFollows = new RegExp(`${space}|$`, 'y');

const maxLong = 0x7fff_ffff_ffff_ffffn;

/** A whole number that fills the text, as `strtol` reads it; undefined outside of the range. */
export function decimalIn(text: string, lowest: number, highest: number): number | undefined {
  const digits = wholeDecimal.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  return number >= lowest && number <= highest ? number : undefined;
}

/** What `atoi` makes of the beginning of a text, kept in 32 bits without a sign. */
export function atoiUnsigned(text: string): number {
  const digits = decimal.exec(text)?.[1];
  if (digits === undefined) return 0;
  const exact = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
  const long = exact > maxLong ? maxLong : exact < -maxLong - 1n ? -maxLong - 1n : exact;
  return Number(BigInt.asUintN(32, long));
}

/**
 * The address that `inet_aton` finds: one to four numbers with dots between, the last filling
 * what the others leave, and anything at all behind white space.
 */
export function inetAton(text: string): number | undefined {
  let address = 0;
  let at = 0;
  for (let place = 0; place < 4; place++) {
    part.lastIndex = at;
    const digits = part.exec(text)?.[0];
    if (digits === undefined) return undefined;
    const value = numberOf(digits);
    at += digits.length;
    if (text[at] === '.' && place < 3) {
      if (value > 0xff) return undefined;
      address = address * 256 + value;
      at++;
      continue;
    }
    onlySpaceFollows.lastIndex = at;
    const room = 256 ** (4 - place);
    if (!onlySpaceFollows.test(text) || value >= room) return undefined;
    return address * room + value;
  }
  return undefined;
}

function numberOf(digits: string): number {
  if (/^0[xX]/.test(digits)) return Number.parseInt(digits.slice(2), 16);
  return Number.parseInt(digits, digits.startsWith('0') ? 8 : 10);
}

/** A text as `strncpy` keeps it in a field of a size. */
export function cut(text: string, size: number): string {
  return text.length > size ? text.slice(0, size) : text;
}
