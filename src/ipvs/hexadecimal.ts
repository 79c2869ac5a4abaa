/** The value of each hexadecimal digit; 255 for every other byte. */
const digitValues: Uint8Array = new Uint8Array(256).fill(255);
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  digitValues[digit.charCodeAt(0)] = value;
  digitValues[digit.toUpperCase().charCodeAt(0)] = value;
}

/** The number that one to eight digits of `bytes` spell; -1 when they do not spell one. */
export function hexadecimal(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 8) return -1;
  let value = 0;
  let seen = 0;
  for (let at = from; at < to; at++) {
    const digit = digitValues[bytes[at] ?? 0] ?? 255;
    seen |= digit;
    value = (value << 4) | digit;
  }
  return seen > 15 ? -1 : value >>> 0;
}
