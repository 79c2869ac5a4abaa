import type {
  BytesInput,
  DnsInput,
  GrpcInput,
  SingleCheckInput,
  TlsInput,
  UdpInput,
} from './check-input.ts';
import type { BytesExpectation, Probe, TlsExpectation } from './checks.ts';
import { parseDuration } from './duration.ts';
import { readHttp } from './http-probe.ts';
import { checkAbsolutePath, checkHostName } from './names.ts';
import { checkAuthority, hostOf, type Probed, type ProbeMaker, readRegex } from './probe-maker.ts';
import type { Place } from './problems.ts';

/**
 * What a check asks, but for what only its servers can say.
 *
 * @returns Nothing of use after telling what is wrong with it.
 */
export function readProbe(input: SingleCheckInput, at: Place): ProbeMaker {
  switch (input.type) {
    case 'tcp':
    case 'redis':
    case 'mysql':
    case 'postgres':
    case 'icmp':
    case 'agent':
      return always({ kind: input.type });
    case 'tls':
      return always({ kind: 'tls', tls: readTls(input, at) });
    case 'http':
      return readHttp(input, undefined, at);
    case 'https':
      return readHttp(input, readTls(input, at), at);
    case 'grpc':
      return readGrpc(input, at);
    case 'dns':
      return readDns(input, at);
    case 'udp':
      return always(readUdp(input, at));
    case 'smtp': {
      const { helo = 'localhost' } = input;
      at.in('helo').attempt(() => checkHostName(helo));
      return always({ kind: 'smtp', helo });
    }
    case 'exec':
      return readExec(input.command, at.in('command'));
    case 'file': {
      const { file, when = 'present' } = input;
      at.in('file').attempt(() => checkAbsolutePath(file));
      return (server) => ({ kind: 'file', file: filledIn(file, server), when });
    }
  }
}

function always(probe: Probe): ProbeMaker {
  return () => probe;
}

const expiryWarning = '14d';

function readTls(input: TlsInput, at: Place): TlsExpectation {
  const { name, verify = false } = input;
  if (name !== undefined) at.in('name').attempt(() => checkHostName(name));
  if (verify && name === undefined) {
    at.in('verify').add('to verify a certificate, the name that it has to be for must be given');
  }
  const expiryWarningMs = parseDuration(input['expiry-warning'] ?? expiryWarning) ?? 0;
  return { name, verify, expiryWarningMs };
}

function readGrpc(input: GrpcInput, at: Place): ProbeMaker {
  const { service = '', host, tls = false } = input;
  if (!tls) {
    for (const key of ['name', 'verify', 'expiry-warning'] as const) {
      if (input[key] !== undefined) at.in(key).add(`${key} is for tls, which is not on`, 'key');
    }
  }
  const expectation = tls ? readTls(input, at) : undefined;
  if (host !== undefined) at.in('host').attempt(() => checkAuthority(host));
  return (server) => ({
    kind: 'grpc',
    tls: expectation,
    service,
    host: host ?? input.name ?? hostOf(server),
  });
}

function readDns(input: DnsInput, at: Place): ProbeMaker {
  const name = input.query === '.' ? '' : input.query.replace(/\.$/, '');
  if (name !== '') at.in('query').attempt(() => checkHostName(name));
  const { record = 'A', expect = 'noerror', transport } = input;
  const responseCodes = typeof expect === 'string' ? [expect] : expect;
  return ({ service }) => {
    const isTcp = service.firewallMark === undefined && service.protocol === 'tcp';
    const usual = isTcp ? 'tcp' : 'udp';
    return { kind: 'dns', transport: transport ?? usual, name, record, responseCodes };
  };
}

/** More does not fit into one datagram. */
const longestDatagram = 65_507;

function readUdp(input: UdpInput, at: Place): Probe {
  const { send = '', expect } = input;
  const bytes = bytesOf(send);
  if (bytes.length > longestDatagram) at.in('send').add('does not fit into one datagram');
  return { kind: 'udp', send: bytes, expect: readAnswer(expect, at.in('expect')) };
}

function readAnswer(input: UdpInput['expect'], at: Place): BytesExpectation | undefined {
  if (input === undefined) return undefined;
  if (typeof input === 'object' && 'matches' in input) {
    const pattern = readRegex(input.matches, at.in('matches'));
    return pattern && { type: 'matches', pattern };
  }
  const bytes = bytesOf(input);
  if (bytes.length === 0) at.add('every answer contains nothing: leave it out');
  return { type: 'contains', bytes };
}

function bytesOf(input: BytesInput): Uint8Array {
  return typeof input === 'string'
    ? new TextEncoder().encode(input)
    : Uint8Array.from(Buffer.from(input.hex.replaceAll(/\s/g, ''), 'hex'));
}

function readExec(command: readonly string[], at: Place): ProbeMaker {
  const [path = '', ...words] = command;
  at.in(0).attempt(() => checkAbsolutePath(path));
  for (const [index, word] of words.entries()) {
    if (word.includes('\0')) at.in(index + 1).add('must not have a NUL character');
  }
  return (server) => ({
    kind: 'exec',
    command: [path, ...words.map((word) => filledIn(word, server))],
  });
}

/** A text with the server in the places that stand for it. */
function filledIn(text: string, { address, port }: Probed): string {
  return text.replaceAll('{address}', address).replaceAll('{port}', String(port));
}
