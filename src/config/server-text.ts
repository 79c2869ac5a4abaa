import { parseIp } from '../net/ip.ts';

/** A server as one text. */
export interface ServerText {
  readonly address: string;
  readonly port?: number;
}

/**
 * Reads a server: `10.0.0.11`, `10.0.0.11:80`, `2001:db8::11`, `[2001:db8::11]:80`. Undefined when
 * it is none.
 */
export function parseServer(text: string): ServerText | undefined {
  const match = /^(?:\[([^\]]*:[^\]]*)\]|([^\s:[\]]+))(?::(0|[1-9]\d{0,4}))?$/.exec(text);
  const address = match === null ? text : (match[1] ?? match[2] ?? '');
  const digits = match?.[3];
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && port > 65535) return undefined;
  try {
    parseIp(address);
  } catch {
    return undefined;
  }
  return port === undefined ? { address } : { address, port };
}
