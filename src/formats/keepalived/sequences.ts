import { SourceError } from '../source.ts';
import type { PlacedText } from './placed-text.ts';

/** What stands behind `~SEQ(…)` or `~LST(…)`, and the variables of each time that it is to be read. */
export interface Repetition {
  readonly rest: PlacedText;
  readonly rounds: readonly (readonly (readonly [name: string, value: string])[])[];
  /** Where the specification ends in the line. */
  readonly end: number;
}

const mostRounds = 100_000;
const name = /^[A-Za-z_]\w*$/;

/** Reads `~SEQ(var, start, step, end)`, `~SEQx(…)` or `~LST(…)` at the beginning of a line. */
export function repetitionOf(line: PlacedText): Repetition {
  const fail = (reason: string): never => {
    throw new SourceError(line.placeAt(0), reason);
  };
  const head = /^~(SEQx|SEQ|LST)\(/.exec(line.text);
  if (head === null) return fail('only ~SEQ(…), ~SEQx(…) and ~LST(…) begin with "~"');
  const end = line.text.indexOf(')', head[0].length);
  if (end < 0) return fail(`the ")" of ~${head[1]} is missing`);
  const inside = line.text.slice(head[0].length, end);
  const rounds =
    head[1] === 'LST' ? listRounds(inside, fail) : rangeRounds(inside, head[1] === 'SEQx', fail);
  return { rest: line.slice(end + 1).trim(), rounds, end: end + 1 };
}

function rangeRounds(
  inside: string,
  isHex: boolean,
  fail: (reason: string) => never,
): Repetition['rounds'] {
  const [variable = '', ...numbers] = inside.split(',').map((part) => part.trim());
  const values = numbers.map(numberOf);
  if (!name.test(variable) || values.length < 1 || values.length > 3 || values.some(Number.isNaN)) {
    return fail('must be ~SEQ(variable, start, step, end); start and step may be left out');
  }
  const last = values.at(-1) ?? 0;
  const start = values.length > 1 ? (values[0] ?? 0) : last < 0 ? -1 : 1;
  const step = values.length > 2 ? (values[1] ?? 0) : last < start ? -1 : 1;
  if (step === 0 || (last - start) / step < 0) return fail('the sequence never reaches its end');
  if ((last - start) / step >= mostRounds)
    return fail(`more than ${mostRounds} rounds are not read`);
  const rounds: [string, string][][] = [];
  for (let next = start; step > 0 ? next <= last : next >= last; next += step) {
    if (isHex && next < 0) return fail('a sequence in hexadecimal has no negative numbers');
    rounds.push([[variable, isHex ? next.toString(16) : String(next)]]);
  }
  return rounds;
}

function numberOf(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[+-]/, '');
  return /^(?:0x[0-9a-f]+|\d+)$/i.test(digits) ? sign * Number(digits) : Number.NaN;
}

function listRounds(inside: string, fail: (reason: string) => never): Repetition['rounds'] {
  const parts = Array.from(
    inside.matchAll(/\s*(?:\{([^}]*)\}|([^,{}]*))\s*(?:,|$)/g),
    ([whole, braced, bare]) => (whole === '' ? undefined : (braced ?? bare ?? '').trim()),
  ).filter((part) => part !== undefined);
  const [names = '', ...values] = parts;
  const variables = names.split(',').map((one) => one.trim());
  if (!variables.every((one) => name.test(one)) || values.length === 0) {
    return fail('must be ~LST(variable, value, …) or ~LST({variable, …}, {value, …}, …)');
  }
  return values.map((value) => {
    const items = variables.length === 1 ? [value] : value.split(',').map((one) => one.trim());
    if (items.length !== variables.length) {
      return fail(`each value of this list has to be for ${variables.join(' and ')}`);
    }
    return variables.map((variable, index) => [variable, items[index] ?? ''] as const);
  });
}
