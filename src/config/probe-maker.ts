import type { ServiceKey } from '../ipvs/service.ts';
import type { Probe } from './checks.ts';
import type { Place } from './problems.ts';

/** The server that a probe is for. */
export interface Probed {
  readonly service: ServiceKey;
  readonly address: string;
  readonly port: number;
}

/** Makes the probe of a server. */
export type ProbeMaker = (server: Probed) => Probe;

/** A regular expression that compiles. */
export function readRegex(text: string, at: Place): RegExp | undefined {
  if (text === '') {
    at.add('everything matches nothing: leave it out');
    return undefined;
  }
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: .*: /s, '');
    at.add(`is no regular expression: ${reason.toLowerCase()}`);
    return undefined;
  }
}

/** What clients call the service: its VIP, or the server where nobody says which that is. */
export function hostOf({ service, address }: Probed): string {
  const host = service.firewallMark === undefined ? service.address : address;
  return host.includes(':') ? `[${host}]` : host;
}

/** Demands what can be a Host header. @throws RangeError */
export function checkAuthority(text: string): void {
  if (/^[A-Za-z0-9._~!$&'()*+,;=:[\]-]{1,255}$/.test(text)) return;
  throw new RangeError('must be a host name or address, with or without a port');
}
