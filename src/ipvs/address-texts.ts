import { formatIp } from '../net/ip.ts';
import { hexadecimal } from './hexadecimal.ts';

const COLON = 0x3a;
const ipv4Digits = 8;
const ipv6Digits = 39;
const slots = 1024;

/**
 * Addresses as /proc prints them, read to canonical text.
 *
 * A table of connections names few virtual addresses and destinations again and again, so the texts
 * made last are kept, as many as there are slots and no more.
 */
export class AddressTexts {
  readonly #ipv4: Cache = new Cache(4);
  readonly #ipv6: Cache = new Cache(16);

  /**
   * The address in `bytes` from `from` to `to`: 8 digits (IPv4 in host order), or 8 groups of 4.
   * Undefined when it is neither.
   */
  read(bytes: Uint8Array, from: number, to: number): string | undefined {
    if (to - from === ipv4Digits) {
      const number = hexadecimal(bytes, from, to);
      return number < 0 ? undefined : this.#ipv4.text(number, 0, 0, 0);
    }
    if (to - from !== ipv6Digits) return undefined;
    const first = word(bytes, from);
    const second = word(bytes, from + 10);
    const third = word(bytes, from + 20);
    const fourth = word(bytes, from + 30);
    if (first < 0 || second < 0 || third < 0 || fourth < 0) return undefined;
    for (let colon = from + 9; colon < to; colon += 10) {
      if (bytes[colon] !== COLON) return undefined;
    }
    return this.#ipv6.text(first, second, third, fourth);
  }
}

/** The number of `xxxx:xxxx`; -1 when that is not what is there. */
function word(bytes: Uint8Array, from: number): number {
  const high = hexadecimal(bytes, from, from + 4);
  const low = hexadecimal(bytes, from + 5, from + 9);
  if (high < 0 || low < 0 || bytes[from + 4] !== COLON) return -1;
  return ((high << 16) | low) >>> 0;
}

class Cache {
  readonly #keys: Uint32Array = new Uint32Array(slots * 4);
  readonly #texts: string[] = [];
  readonly #address: Uint8Array;
  readonly #words: DataView;

  constructor(size: 4 | 16) {
    this.#words = new DataView(new ArrayBuffer(16));
    this.#address = new Uint8Array(this.#words.buffer, 0, size);
    for (let slot = 0; slot < slots; slot++) this.#texts.push(formatIp(this.#address));
  }

  text(first: number, second: number, third: number, fourth: number): string {
    const mixed = first ^ Math.imul(second, 3) ^ Math.imul(third, 5) ^ Math.imul(fourth, 7);
    const slot = (mixed ^ (mixed >>> 10) ^ (mixed >>> 20)) & (slots - 1);
    const keys = this.#keys;
    const key = slot * 4;
    if (
      keys[key] === first &&
      keys[key + 1] === second &&
      keys[key + 2] === third &&
      keys[key + 3] === fourth
    ) {
      return this.#texts[slot] ?? '';
    }
    this.#words.setUint32(0, first);
    this.#words.setUint32(4, second);
    this.#words.setUint32(8, third);
    this.#words.setUint32(12, fourth);
    const text = formatIp(this.#address);
    keys[key] = first;
    keys[key + 1] = second;
    keys[key + 2] = third;
    keys[key + 3] = fourth;
    this.#texts[slot] = text;
    return text;
  }
}
