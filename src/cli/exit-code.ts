import { constants } from 'node:os';
import { IpvsError } from '../ipvs/ipvs-error.ts';
import { NetworkError } from '../net/network-error.ts';
import { UsageError } from './command-context.ts';
import { InputError } from './input-error.ts';

/** What the commands end with. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notAsItShouldBe: 3,
  noIpvs: 4,
  notPermitted: 77,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The exit code of an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError || error instanceof InputError) return exitCode.usage;
  if (hasCode(error, 'CONFIG_INVALID', 'TEXT_UNREADABLE', 'SOURCE_INVALID')) return exitCode.usage;
  if (hasCode(error, 'CONTROL_NOT_PERMITTED')) return exitCode.notPermitted;
  // What a director answers that has refused its configuration, or a request for what it says.
  if (hasCode(error, 'CONTROL_REFUSED') && hasRefusal(error, /^(CONFIG_|INVALID$)/)) {
    return exitCode.usage;
  }
  if (hasCode(error, 'REAL_SERVER_INVALID', 'REAL_SERVER_CONFLICT')) return exitCode.usage;
  if (hasCode(error, 'REAL_SERVER_NOT_PERMITTED')) return exitCode.notPermitted;
  if (error instanceof IpvsError) {
    if (error.code === 'IPVS_NOT_AVAILABLE') return exitCode.noIpvs;
    if (error.code === 'IPVS_NOT_PERMITTED') return exitCode.notPermitted;
  }
  if (error instanceof NetworkError && error.code === 'NETWORK_NOT_PERMITTED') {
    return exitCode.notPermitted;
  }
  return exitCode.failed;
}

/** By its code, so that no command waits for the loading of what only some can throw. */
function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function hasRefusal(error: unknown, pattern: RegExp): boolean {
  return error instanceof Error && 'refusal' in error && pattern.test(String(error.refusal));
}

/** As a shell reports a program that a signal ended; the reason for an abort is the signal's name. */
export function exitCodeOfSignal(name: unknown): number {
  const number = (constants.signals as Readonly<Record<string, number>>)[String(name)];
  return number === undefined ? exitCode.failed : 128 + number;
}
