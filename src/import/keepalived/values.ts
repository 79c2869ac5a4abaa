import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Notes } from './account.ts';

/** A whole number in bounds; otherwise undefined, and a note, since keepalived passes over it too. */
export function numberIn(
  statement: Statement,
  lowest: number,
  highest: number,
  notes: Notes,
): number | undefined {
  const text = statement.words[1]?.text ?? '';
  const value = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= lowest && value <= highest) {
    notes.take(statement, 2);
    return value;
  }
  const message = `keepalived passes over it: it has to be a number from ${lowest} to ${highest}`;
  notes.leaveOut(statement, message);
  return undefined;
}

/** Seconds, perhaps with a fraction, as milliseconds. */
export function timerOf(statement: Statement, lowest: number, notes: Notes): number | undefined {
  const text = statement.words[1]?.text ?? '';
  const value = /^\+?(?:\d+\.?\d*|\.\d+)$/.test(text)
    ? Math.round(Number(text) * 1000)
    : Number.NaN;
  if (value >= lowest) {
    notes.take(statement, 2);
    return value;
  }
  notes.leaveOut(statement, 'keepalived passes over it: it has to be a time in seconds');
  return undefined;
}

/** A yes or no that stands for yes when it stands alone. */
export function switchOf(statement: Statement, notes: Notes): boolean | undefined {
  const text = statement.words[1]?.text ?? 'on';
  if (/^(?:on|true|yes)$/.test(text) || /^(?:off|false|no)$/.test(text)) {
    notes.take(statement, 2);
    return /^(?:on|true|yes)$/.test(text);
  }
  notes.leaveOut(statement, 'keepalived passes over it: it has to be on or off');
  return undefined;
}

/** A text that has to be there. */
export function textOf(statement: Statement, notes: Notes): string | undefined {
  const text = statement.words[1]?.text;
  if (text !== undefined && text !== '') {
    notes.take(statement, 2);
    return text;
  }
  notes.leaveOut(statement, 'there is nothing in it');
  return undefined;
}
