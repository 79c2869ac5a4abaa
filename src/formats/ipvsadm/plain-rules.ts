import { serviceFlag } from '../../ipvs/flags.ts';
import type { RecordView } from '../../ipvs/record-view.ts';
import {
  AF_INET,
  AF_INET6,
  command,
  destinationRecord,
  requestRecord,
  serviceRecord,
} from '../../native/ipvs-records.ts';
import { isIpv6 } from './endpoint.ts';

const newline = 0x0a;
const space = 0x20;
const dash = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const bracket = 0x5b;
const closingBracket = 0x5d;
const a = 0x61;
const z = 0x7a;
/** The commands of plain lines, by their letters. */
const serviceCommands: Readonly<Record<number, number>> = {
  65: command.newService,
  69: command.setService,
};
const destinationCommands: Readonly<Record<number, number>> = {
  97: command.newDest,
  101: command.setDest,
};
const letter = { g: 0x67, i: 0x69, m: 0x6d, p: 0x70, r: 0x72, s: 0x73, t: 0x74, u: 0x75, w: 0x77 };

const longestPersistence = 31 * 86_400;
const maxInt = 0x7fff_ffff;
const longestScheduler = 15;
/** Six groups of four digits and a dotted quad. */
const longestIpv6 = 45;
const ipipWords = '--tun-type ipip';

const family = requestRecord.service + serviceRecord.family;
const protocol = requestRecord.service + serviceRecord.protocol;
const servicePort = requestRecord.service + serviceRecord.port;
const serviceAddress = requestRecord.service + serviceRecord.address;
const scheduler = requestRecord.service + serviceRecord.scheduler;
const flags = requestRecord.service + serviceRecord.flags;
const timeout = requestRecord.service + serviceRecord.timeout;
const netmask = requestRecord.service + serviceRecord.netmask;
const destinationFamily = requestRecord.destination + destinationRecord.family;
const destinationPort = requestRecord.destination + destinationRecord.port;
const destinationAddress = requestRecord.destination + destinationRecord.address;
const forwarding = requestRecord.destination + destinationRecord.forwarding;
const weight = requestRecord.destination + destinationRecord.weight;

/**
 * Reads the two plain shapes that most lines of saved tables have straight from bytes into request
 * records:
 *
 *     -A|-E -t|-u ADDRESS:PORT -s NAME [-p SECONDS]
 *     -a|-e -t|-u ADDRESS:PORT -r ADDRESS:PORT -g|-m|-i -w WEIGHT [--tun-type ipip]
 *
 * with addresses in plain decimal, or of IPv6 in brackets, both of one family.
 * Everything else, however little it differs, is left to the whole grammar.
 */
export class PlainRules {
  /** What the number read last was. */
  private number = 0;
  /** What the address read last was of. */
  private family = 0;
  private readonly address = new Uint8Array(16);

  /**
   * Reads the line at `at`, which ends in a line break, into the record at `to`, which is all zeros.
   *
   * @returns Where the next line begins; -1 when this one is not plain, and then the record is all
   * zeros again.
   */
  read(bytes: Uint8Array, at: number, view: RecordView, to: number): number {
    let end = -1;
    if (bytes[at] === dash && bytes[at + 2] === space && bytes[at + 3] === dash) {
      const name = bytes[at + 1] ?? 0;
      const ofDestination = destinationCommands[name];
      const number = ofDestination ?? serviceCommands[name];
      if (number !== undefined) {
        view.u32[to >> 2] = number;
        end =
          ofDestination !== undefined
            ? this.destination(bytes, at + 3, view, to)
            : this.service(bytes, at + 3, view, to);
      }
    }
    if (end < 0) view.u8.fill(0, to, to + requestRecord.size);
    return end;
  }

  private service(bytes: Uint8Array, from: number, view: RecordView, to: number): number {
    let at = this.serviceKey(bytes, from, view, to);
    if (at < 0 || this.number === 0 || !isOption(bytes, at, letter.s)) return -1;
    at += 4;
    const start = at;
    for (let byte = bytes[at] ?? 0; byte >= a && byte <= z; byte = bytes[++at] ?? 0) {
      if (at - start === longestScheduler) return -1;
      view.u8[to + scheduler + at - start] = byte;
    }
    if (at === start) return -1;
    if (isOption(bytes, at, letter.p)) {
      at = this.decimal(bytes, at + 4, longestPersistence);
      if (at < 0 || this.number === 0) return -1;
      view.u32[(to + flags) >> 2] = serviceFlag.persistent;
      view.u32[(to + timeout) >> 2] = this.number;
    }
    if (bytes[at] !== newline) return -1;
    view.u32[(to + netmask) >> 2] = this.family === AF_INET ? 0xffffffff : 128;
    return at + 1;
  }

  private destination(bytes: Uint8Array, from: number, view: RecordView, to: number): number {
    let at = this.serviceKey(bytes, from, view, to);
    if (at < 0 || !isOption(bytes, at, letter.r)) return -1;
    const port = this.number;
    const kind = this.family;
    at = this.endpoint(bytes, at + 4, view.u8, to + destinationAddress);
    if (at < 0 || this.family !== kind) return -1;
    if (bytes[at] !== space || bytes[at + 1] !== dash) return -1;
    const method = bytes[at + 2];
    if (method === letter.m) {
      view.u16[(to + destinationPort) >> 1] = this.number;
    } else if (method === letter.g || method === letter.i) {
      // Neither can change the port, so it is the service's whatever the line says.
      view.u16[(to + destinationPort) >> 1] = port;
      view.u32[(to + forwarding) >> 2] = method === letter.g ? 3 : 2;
    } else {
      return -1;
    }
    at += 3;
    if (!isOption(bytes, at, letter.w)) return -1;
    at = this.decimal(bytes, at + 4, maxInt);
    if (at < 0) return -1;
    view.u32[(to + weight) >> 2] = this.number;
    if (bytes[at] === space && method === letter.i && hasText(bytes, at + 1, ipipWords)) {
      at += 1 + ipipWords.length;
    }
    if (bytes[at] !== newline) return -1;
    view.u16[(to + destinationFamily) >> 1] = kind;
    return at + 1;
  }

  /** `-t ADDRESS:PORT` or `-u ADDRESS:PORT`; the port stays the last number. */
  private serviceKey(bytes: Uint8Array, at: number, view: RecordView, to: number): number {
    const kind = bytes[at + 1];
    if (bytes[at + 2] !== space || (kind !== letter.t && kind !== letter.u)) return -1;
    const end = this.endpoint(bytes, at + 3, view.u8, to + serviceAddress);
    if (end < 0) return -1;
    view.u16[(to + family) >> 1] = this.family;
    view.u16[(to + protocol) >> 1] = kind === letter.t ? 6 : 17;
    view.u16[(to + servicePort) >> 1] = this.number;
    return end;
  }

  /** `ADDRESS:PORT`; the address is written, the port stays the last number. */
  private endpoint(bytes: Uint8Array, from: number, into: Uint8Array, to: number): number {
    if (bytes[from] === bracket) return this.ipv6Endpoint(bytes, from + 1, into, to);
    let at = from;
    for (let place = 0; place < 4; place++) {
      at = this.decimal(bytes, at, 255);
      if (at < 0 || bytes[at] !== (place < 3 ? dot : colon)) return -1;
      into[to + place] = this.number;
      at++;
    }
    this.family = AF_INET;
    return this.decimal(bytes, at, 65_535);
  }

  private ipv6Endpoint(bytes: Uint8Array, from: number, into: Uint8Array, to: number): number {
    let text = '';
    let at = from;
    for (let byte = bytes[at] ?? 0; byte !== closingBracket; byte = bytes[++at] ?? 0) {
      if (byte <= space || text.length === longestIpv6) return -1;
      text += String.fromCharCode(byte);
    }
    if (bytes[at + 1] !== colon || !isIpv6(text, this.address)) return -1;
    into.set(this.address, to);
    this.family = AF_INET6;
    return this.decimal(bytes, at + 2, 65_535);
  }

  /** Digits without leading zeros, which mean other things in other places. */
  private decimal(bytes: Uint8Array, from: number, highest: number): number {
    let at = from;
    let number = 0;
    for (let byte = bytes[at] ?? 0; byte >= zero && byte <= nine; byte = bytes[++at] ?? 0) {
      number = number * 10 + byte - zero;
      if (number > highest || (number === 0 && at > from)) return -1;
    }
    if (at === from || (bytes[from] === zero && at - from > 1)) return -1;
    this.number = number;
    return at;
  }
}

/** Whether ` -x ` stands there. */
function isOption(bytes: Uint8Array, at: number, name: number): boolean {
  return (
    bytes[at] === space &&
    bytes[at + 1] === dash &&
    bytes[at + 2] === name &&
    bytes[at + 3] === space
  );
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
