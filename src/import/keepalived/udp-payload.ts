import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Notes } from './account.ts';

type Expectation = { readonly hex: string } | { readonly matches: string };

/** Bytes as pairs of digits. A group of an odd number of digits ends in one that stands alone. */
function bytesOf(statement: Statement, digit: RegExp): readonly string[] | undefined {
  const groups = statement.words.slice(1).flatMap(({ text }) => text.split(/\s+/));
  const bytes = groups
    .filter((group) => group !== '')
    .flatMap((group) => group.match(/..?/g) ?? [])
    .map((pair) => pair.padStart(2, '0').toLowerCase());
  return bytes.every((pair) => digit.test(pair)) ? bytes : undefined;
}

/** What a UDP_CHECK sends. */
export function payloadOf(statement: Statement, notes: Notes): string | undefined {
  const bytes = bytesOf(statement, /^[\da-f]{2}$/);
  if (bytes === undefined || bytes.length === 0) {
    notes.leaveOut(statement, 'keepalived passes over it: it has to be hexadecimal digits');
    return undefined;
  }
  notes.account.map(statement.words);
  return bytes.join(' ');
}

/** What it wants to hear: anything, or what begins with these bytes, of which `x` may be any. */
export function readReply(statement: Statement, notes: Notes): Expectation {
  const anything = { matches: '^' };
  if (statement.words.length === 1) {
    notes.take(statement, 1);
    return anything;
  }
  const bytes = bytesOf(statement, /^[\da-fx]{2}$/);
  if (bytes === undefined) {
    notes.leaveOut(statement, 'it has to be hexadecimal digits; any answer passes here');
    return anything;
  }
  if (bytes.every((pair) => !pair.includes('x'))) {
    notes.account.map(statement.words);
    notes.differs(statement, 'the bytes may be anywhere in the answer, and have to be there all');
    return { hex: bytes.join(' ') };
  }
  notes.leaveOut(
    statement,
    'bytes of which a part may be anything have no equal; any answer passes here',
  );
  return anything;
}
