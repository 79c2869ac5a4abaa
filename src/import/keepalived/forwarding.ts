import type { TunnelInput } from '../../config/config-input.ts';
import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Notes } from './account.ts';

export interface Forwarding {
  readonly forwarding: 'nat' | 'dr' | 'tun';
  readonly tunnel?: TunnelInput;
}

/** Reads `NAT`, `DR`, or `TUN [type ipip|gue|gre] [port NUMBER] [nocsum|csum|remcsum]`. */
export function forwardingOf(statement: Statement, notes: Notes): Forwarding | undefined {
  const [, method = '', ...options] = statement.words.map((word) => word.text);
  if (method === 'NAT' || method === 'DR') {
    // What follows is complained of, and the method taken.
    notes.take(statement, 2);
    return { forwarding: method === 'NAT' ? 'nat' : 'dr' };
  }
  const read = readMethod(method, options);
  if (read === undefined) {
    notes.leaveOut(statement, 'keepalived passes over it: it is no way of forwarding');
    return undefined;
  }
  notes.account.map(statement.words);
  return read;
}

const checksums = { nocsum: 'none', csum: 'full', remcsum: 'remote' } as const;

function readMethod(method: string, options: readonly string[]): Forwarding | undefined {
  if (method !== 'TUN') return undefined;
  let type = 'ipip';
  let port: number | undefined;
  let checksum: (typeof checksums)[keyof typeof checksums] = 'none';
  for (let at = 0; at < options.length; at++) {
    const option = options[at] ?? '';
    if (option === 'type') type = options[++at] ?? '';
    else if (option === 'port') port = Number(options[++at]);
    else if (Object.hasOwn(checksums, option))
      checksum = checksums[option as keyof typeof checksums];
    else return undefined;
  }
  if ((type === 'gue') !== (port !== undefined)) return undefined;
  const said = checksum === 'none' ? {} : { checksum };
  switch (type) {
    case 'ipip':
      return checksum === 'none' ? { forwarding: 'tun' } : undefined;
    case 'gre':
      if (checksum === 'remote') return undefined;
      return { forwarding: 'tun', tunnel: { type, ...said } as TunnelInput };
    case 'gue':
      if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65535)
        return undefined;
      return { forwarding: 'tun', tunnel: { type, port, ...said } };
    default:
      return undefined;
  }
}
