import { type DnsRecord, type DnsResponseCode, dnsResponseCodes } from '../../config/checks.ts';
import { CheckFailure } from '../check-result.ts';

const recordNumbers: Readonly<Record<DnsRecord, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};
const classInternet = 1;
const headerBytes = 12;
const isResponse = 0x8000;
const opcodeMask = 0x7800;
const recursionDesired = 0x0100;

/** What a server said to a question. */
export interface DnsAnswer {
  /** Its name, or its number when it has none here. */
  readonly code: DnsResponseCode | number;
  readonly answers: number;
}

/** A question (RFC 1035 section 4). @throws CheckFailure when the name cannot be asked for. */
export function dnsQuestion(id: number, name: string, record: DnsRecord): Buffer {
  const labels = name === '' ? [] : name.split('.');
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label);
    if (bytes.length === 0 || bytes.length > 63) {
      throw new CheckFailure('SOCKERR', `${JSON.stringify(name)} is no domain name`);
    }
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(recursionDesired, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(recordNumbers[record], 1);
  tail.writeUInt16BE(classInternet, 3);
  return Buffer.concat([header, ...parts, tail]);
}

/**
 * What a message says to a question; undefined when it is no answer to that one.
 *
 * Answers themselves are not read, only counted: what a check needs is in front of them.
 */
export function readDnsAnswer(message: Buffer, question: Buffer): DnsAnswer | undefined {
  if (message.length < headerBytes) return undefined;
  const flags = message.readUInt16BE(2);
  if (message.readUInt16BE(0) !== question.readUInt16BE(0)) return undefined;
  if ((flags & isResponse) === 0 || (flags & opcodeMask) !== 0) return undefined;
  const number = flags & 0xf;
  const code = dnsResponseCodes[number] ?? number;
  const questions = message.readUInt16BE(4);
  // A server that could not read the question cannot repeat it.
  const repeats = questions === 1 && sameName(message, question);
  if (!repeats && !(questions === 0 && number !== 0)) return undefined;
  return { code, answers: message.readUInt16BE(6) };
}

/** Whether a message repeats the question; servers may change the case of its letters. */
function sameName(message: Buffer, question: Buffer): boolean {
  const asked = question.subarray(headerBytes);
  const repeated = message.subarray(headerBytes, question.length);
  return (
    repeated.length === asked.length &&
    repeated.toString('latin1').toLowerCase() === asked.toString('latin1').toLowerCase()
  );
}
