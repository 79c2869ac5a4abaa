import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Notes } from './account.ts';
import type { Timing } from './timing.ts';

/** The real server that a checker is for. */
export interface CheckedServer {
  readonly address: string;
  /** As it is written; 0 where nothing is. */
  readonly writtenPort: number;
  /** What lvskit would ask at without being told. */
  readonly usualPort: number;
  /** The virtual host of the real server, or of the virtual server. */
  readonly virtualHost: string | undefined;
  /** What the virtual server and the real server say. */
  readonly timing: Timing;
  /** Whether lvskit would go by the VIP unless told otherwise. */
  readonly goesByVip: boolean;
}

/** What all kinds of checkers can be told, once it is read. */
export interface Checker {
  readonly statement: Statement;
  readonly server: CheckedServer;
  readonly timing: Timing;
  /** The port to be named; undefined when it is the usual one. */
  readonly port: number | undefined;
  /** What is of its kind alone. */
  readonly own: readonly Statement[];
  readonly notes: Notes;
}

/** What is left of a checker once its kind has read what it knows. */
export function leaveOutRest(
  own: readonly Statement[],
  known: readonly string[],
  notes: Notes,
): void {
  for (const statement of own) {
    if (known.includes(statement.words[0]?.text ?? '')) continue;
    notes.leaveOut(statement, 'keepalived does not know it either');
  }
}

/** Where a check on TCP goes: always to the server itself, as keepalived's do. */
export function reachOf({ server, port }: Checker): { port?: number; via?: 'direct' } {
  return {
    ...(port !== undefined && { port }),
    ...(server.goesByVip && { via: 'direct' as const }),
  };
}

/** Whether there is a port to ask at; otherwise the checker is left out. */
export function hasPort({ server, port, statement, notes }: Checker): boolean {
  if ((port ?? server.usualPort) !== 0) return true;
  notes.leaveOut(
    statement,
    'there is no port to ask at: neither the server has one nor the checker',
  );
  return false;
}

export function isHostName(name: string): boolean {
  const label = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
  return (
    name.length <= 253 && /[^\d.]/.test(name) && name.split('.').every((part) => label.test(part))
  );
}
