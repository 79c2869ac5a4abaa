import { checkInteger, checkName, checkObject } from '../check.ts';
import { errnoName, errnoNumber } from '../errors.ts';
import { AF_INET, AF_INET6 } from '../native/ipvs-records.ts';
import {
  littleEndian,
  probeFlag,
  probeRequestRecord,
  probeResultRecord,
  probeStage,
} from '../native/probe.ts';
import { parseIp, parseIpInto } from './ip.ts';
import { checkLinkName } from './link-reference.ts';

/** Whom to ask, and how. */
export interface ProbeOptions {
  /** The IPv4 or IPv6 address to ask. */
  readonly address: string;
  /** The address to ask from. Default: the one the kernel chooses by its routes. */
  readonly sourceAddress?: string | undefined;
  /** Only through this link; link-local IPv6 addresses need it. Default: by the routes. */
  readonly device?: string | undefined;
  /** What the packets are marked with (SO_MARK). Needs CAP_NET_ADMIN or CAP_NET_RAW. Default: 0. */
  readonly mark?: number | undefined;
  /** How long to wait for an answer, in milliseconds, 1 to 3 600 000. Default: 1000. */
  readonly timeoutMs?: number | undefined;
  /** Gives up: the probe then ends with the outcome `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** Whom to open a TCP connection to. */
export interface ConnectProbeOptions extends ProbeOptions {
  /** 1 to 65535. */
  readonly port: number;
  /**
   * How a connection ends that was opened only to see whether it can be.
   *
   * - `reset` (the default): by a reset in place of the packet that would complete it. Three packets
   *   in all; no process of the server wakes, and nothing of it stays behind on either machine or in
   *   IPVS's connection table. HAProxy's checks end so.
   * - `close`: it is completed and closed, as keepalived's checks are. The server's process accepts
   *   it and sees its end, and it stays in TIME_WAIT here for a minute.
   */
  readonly ending?: 'reset' | 'close' | undefined;
}

/**
 * What became of a probe.
 *
 * - `answered`: the connection was there, or the echo reply came.
 * - `refused`: the host answered that nobody listens there.
 * - `reset`: the connection was broken off as soon as it was there.
 * - `timed-out`: no answer in time.
 * - `unreachable`: the network, or this host's own routes, say that there is no way.
 * - `not-sent`: this machine could not ask (no descriptor free, no permission, not its address),
 *   which says nothing about the other.
 * - `cancelled`: given up by the signal, or by closing the prober.
 */
export type ProbeOutcome =
  | 'answered'
  | 'refused'
  | 'reset'
  | 'timed-out'
  | 'unreachable'
  | 'not-sent'
  | 'cancelled';

const endings = { reset: 0, close: probeFlag.closeOrderly } as const;

/** The words for errors that came from the far side or the way there. */
const outcomes: Readonly<Record<string, ProbeOutcome>> = {
  ECONNREFUSED: 'refused',
  ENOPROTOOPT: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timed-out',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENONET: 'unreachable',
  ENETDOWN: 'unreachable',
  EACCES: 'unreachable',
  ECANCELED: 'cancelled',
};

const stageNames = Object.keys(probeStage) as readonly (keyof typeof probeStage)[];

/** Answers and errors of one probe. */
export class ProbeResult {
  readonly outcome: ProbeOutcome;
  /** From asking to the outcome, in milliseconds, exact to the microsecond. */
  readonly latencyMs: number;
  /** The error number; 0 with `answered`. */
  readonly errno: number;
  /** What failed: `send` and `answer` are about the network, the others about this machine. */
  readonly stage: keyof typeof probeStage;

  constructor(errno: number, stage: number, latencyUs: number) {
    this.errno = errno;
    this.stage = stageNames[stage] ?? 'answer';
    this.latencyMs = latencyUs / 1000;
    this.outcome = errno === 0 ? 'answered' : outcomeOf(errno, stage);
  }

  /** The symbolic name of the error, such as `ECONNREFUSED`; undefined with `answered`. */
  get errnoName(): string | undefined {
    return this.errno === 0 ? undefined : errnoName(this.errno);
  }
}

function outcomeOf(errno: number, stage: number): ProbeOutcome {
  if (stage < probeStage.send) return 'not-sent';
  return outcomes[errnoName(errno)] ?? 'not-sent';
}

/** The result of what was given up before it got an answer. */
export function cancelledResult(): ProbeResult {
  return new ProbeResult(errnoNumber('ECANCELED'), probeStage.answer, 0);
}

/** One result out of a batch. */
export function readResult(view: DataView, at: number): ProbeResult {
  const { error, stage, latencyUs } = probeResultRecord;
  return new ProbeResult(
    view.getUint16(at + error, littleEndian),
    view.getUint16(at + stage, littleEndian),
    view.getUint32(at + latencyUs, littleEndian),
  );
}

/**
 * Writes a request into its record, which is all zeros.
 *
 * @throws TypeError or RangeError naming the option that is wrong; the record may be spoilt then.
 */
export function writeRequest(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  kind: number,
  options: ProbeOptions,
): void {
  checkObject(options, 'options');
  const { address, sourceAddress, device, mark = 0, timeoutMs = 1000 } = options;
  const record = probeRequestRecord;
  const family = parseIpInto(address, bytes, at + record.address);
  checkInteger(mark, 0, 0xffffffff, 'mark');
  checkInteger(timeoutMs, 1, 3_600_000, 'timeoutMs');
  view.setUint8(at + record.kind, kind);
  view.setUint16(at + record.family, family === 'ipv6' ? AF_INET6 : AF_INET, littleEndian);
  view.setUint32(at + record.mark, mark, littleEndian);
  view.setUint32(at + record.timeoutMs, timeoutMs, littleEndian);
  if (sourceAddress !== undefined) {
    const source = parseIp(sourceAddress, 'sourceAddress');
    if (source.family !== family) {
      throw new RangeError(`sourceAddress ${sourceAddress} is not of the family of ${address}`);
    }
    bytes.set(source.bytes, at + record.source);
    view.setUint8(at + record.flags, probeFlag.fromSource);
  }
  if (device !== undefined) {
    checkLinkName(device, 'device');
    bytes.set(new TextEncoder().encode(device), at + record.device);
  }
}

/** Adds what a request to connect has besides. @throws TypeError or RangeError */
export function writeConnect(
  view: DataView,
  at: number,
  { port, ending = 'reset' }: ConnectProbeOptions,
  keepSocket: boolean,
): void {
  checkInteger(port, 1, 65_535, 'port');
  const record = probeRequestRecord;
  view.setUint16(at + record.port, port, littleEndian);
  const flags = checkName(endings, ending, 'ending') | (keepSocket ? probeFlag.keepSocket : 0);
  view.setUint8(at + record.flags, view.getUint8(at + record.flags) | flags);
}
