/** Something that is wrong, or doubtful, at one place of a configuration file. */
export interface ConfigProblem {
  /** The name of the file, as it was given or as it was included. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** How many characters of the line it is about, at least 1. */
  readonly length: number;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string | undefined;
  /** The line it is on. */
  readonly source: string;
}

/** So many problems are told in the message; one mistake can be in thousands of lines. */
const problemsTold = 25;

/** A configuration that cannot be used; says everything that is wrong with it at once. */
export class ConfigError extends Error {
  static {
    ConfigError.prototype.name = 'ConfigError';
  }

  readonly code = 'CONFIG_INVALID';
  /** The main file's name as it was given. */
  readonly file: string;
  /** All problems, in the order of their places; those of the main file first. */
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(messageOf(file, problems));
    this.file = file;
    this.problems = problems;
  }
}

function messageOf(file: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`;
  const told = problems.slice(0, problemsTold).map(formatProblem);
  const rest = problems.length - told.length;
  if (rest > 0) told.push(`and ${rest} more`);
  const isAlone = problems.every((problem) => problem.file === file);
  const subject = isAlone ? `${file} has` : `${file}, with what it includes, has`;
  return [`${subject} ${count}`, ...told].join('\n');
}

/** A problem with its place and the line it is on, the part in question underlined. */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, message, suggestion } = problem;
  const meant = suggestion === undefined ? '' : ` (did you mean ${JSON.stringify(suggestion)}?)`;
  const excerpt = excerptOf(problem).map((one) => `\n  ${one}`);
  return `${file}:${line}:${column}: ${message}${meant}${excerpt.join('')}`;
}

const excerptWidth = 100;

/** The part of the line around the problem, and carets under it. */
function excerptOf({ source, column, length }: ConfigProblem): readonly string[] {
  if (source.trim() === '') return [];
  const at = column - 1;
  const start = at > excerptWidth - 20 ? at - 20 : 0;
  // Control characters would not be as wide as they are long, or move the terminal's cursor.
  const shown = source.slice(start, start + excerptWidth).replaceAll(/\p{Cc}/gu, ' ');
  const before = start > 0 ? '…' : '';
  const carets = '^'.repeat(Math.max(1, Math.min(length, start + shown.length - at)));
  return [`${before}${shown.trimEnd()}`, `${' '.repeat(before.length + at - start)}${carets}`];
}
