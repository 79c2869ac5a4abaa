/** Where text goes: what is asked of a stream to decide how to dress it. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  /** Lines of a terminal. */
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
}

type Paint = (text: string) => string;

/** Dresses text for a terminal; leaves it as it is anywhere else. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const sequence = (on: number, off: number): Paint => {
  return (text) => `\x1b[${on}m${text}\x1b[${off}m`;
};

const coloured: Style = {
  bold: sequence(1, 22),
  dim: sequence(2, 22),
  red: sequence(31, 39),
  green: sequence(32, 39),
  yellow: sequence(33, 39),
  cyan: sequence(36, 39),
};

const asIs: Paint = (text) => text;
const plain: Style = {
  bold: asIs,
  dim: asIs,
  red: asIs,
  green: asIs,
  yellow: asIs,
  cyan: asIs,
};

/**
 * The style for a stream: plain when it is no terminal, when the terminal is `dumb`, and when
 * NO_COLOR is set to anything (https://no-color.org).
 */
export function styleFor(
  stream: Terminal,
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const unwanted = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return stream.isTTY === true && !unwanted ? coloured : plain;
}
