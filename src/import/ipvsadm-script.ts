import { SourceError, type SourcePlace } from '../formats/source.ts';

/** A word of a line, where it stands. */
interface ScriptWord {
  readonly place: SourcePlace;
  readonly text: string;
}

interface Line {
  readonly place: SourcePlace;
  /** As it is written, without comment and what is around it. */
  readonly text: string;
  readonly words: readonly ScriptWord[];
}

/** A line of a script or of rules that says something. */
export type ScriptLine =
  /** `rule`: the options alone, variables filled in. `rest`: what else the shell would do. */
  | (Line & { readonly isRule: true; readonly rule: string; readonly rest: string })
  /** `reason`: why it is none; undefined for what has been followed, such as a variable. */
  | (Line & { readonly isRule: false; readonly reason: string | undefined });

const assignment = /^(?:export\s+)?([A-Za-z_]\w*)=("[^"`$]*"|'[^']*'|[^\s"'`$;&|<>()]*)\s*;?$/;
/** Where a shell ends a command, or sends what it says elsewhere. */
/** What a shell does with what a command says, or with its failure: nothing of interest. */
const silent = /^(?:\s*(?:;|\d?>+\s*(?:&\d|\S+)|\|\|\s*(?:true|:)))+/;
const commandEnd = /\s*(?:;|&&|\|\|?|\s\d?>|<).*$/;

/**
 * The lines of rules, or of a shell script as people write them for ipvsadm: commands in plain words,
 * and variables that have plain values. Anything else of the shell is not followed.
 *
 * @throws SourceError for a variable that has no value.
 */
export function scriptLines(text: string, file: string): (ScriptLine | undefined)[] {
  const variables = new Map<string, string>();
  const physical = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const lines: (ScriptLine | undefined)[] = [];
  for (let index = 0; index < physical.length; index++) {
    const start = index;
    let whole = physical[index] ?? '';
    while (/(?:^|\s)\\$/.test(whole) && index + 1 < physical.length) {
      whole = `${whole.slice(0, -1)}\n${physical[++index] ?? ''}`;
    }
    lines.push(readLine(whole, { file, line: start + 1 }, variables));
    for (let skipped = start; skipped < index; skipped++) lines.push(undefined);
  }
  return lines;
}

function readLine(
  whole: string,
  { file, line }: Omit<SourcePlace, 'column'>,
  variables: Map<string, string>,
): ScriptLine | undefined {
  const bare = whole.replace(/(^|\s)#[^\n]*/g, '$1');
  const words = wordsOf(bare, file, line);
  const [first] = words;
  if (first === undefined) return undefined;
  const { place } = first;
  const text = words.map((word) => word.text).join(' ');
  const found = assignment.exec(text);
  if (found !== null) {
    variables.set(found[1] ?? '', (found[2] ?? '').replace(/^(["'])(.*)\1$/s, '$2'));
    return { place, text, words, isRule: false, reason: undefined };
  }
  const isRule =
    /^(?:sudo\s+)?(?:\/[\w./-]*\/)?ipvsadm\s+-/.test(text) ||
    /^-[A-Za-z-]/.test(text) ||
    /^\$\{?\w*ipvsadm\w*\}?\s+-/i.test(text);
  if (!isRule) return { place, text, words, isRule: false, reason: 'it is no rule of ipvsadm' };
  const [tail] = commandEnd.exec(text) ?? [''];
  const command = text.slice(0, text.length - tail.length);
  const plain = command.replace(/^(?:sudo\s+)?(?:[^-\s]\S*\s+)?/, '');
  const rule = filledIn(plain, variables, place).replaceAll(/["']/g, '');
  const rest = tail.replace(silent, '').trim();
  return { place, text, words, isRule: true, rule, rest };
}

function wordsOf(text: string, file: string, line: number): ScriptWord[] {
  return Array.from(text.matchAll(/\S+/g), (match) => {
    const before = text.slice(0, match.index);
    const breaks = before.split('\n').length - 1;
    const column = match.index - (before.lastIndexOf('\n') + 1) + 1;
    return { place: { file, line: line + breaks, column }, text: match[0] };
  });
}

function filledIn(
  text: string,
  variables: ReadonlyMap<string, string>,
  place: SourcePlace,
): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+)|.?)/g, (whole, braced, bare) => {
    const value = variables.get(braced ?? bare ?? '');
    if (value !== undefined) return value;
    throw new SourceError(place, `${whole} has no plain value here: write what it stands for`);
  });
}
