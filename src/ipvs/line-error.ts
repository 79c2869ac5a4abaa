/** Thrown for a line of /proc that is not as any kernel known to us prints it. */
export class LineError extends Error {
  static {
    LineError.prototype.name = 'LineError';
  }

  constructor(line: string) {
    super(`cannot make sense of the line ${JSON.stringify(line)}`);
  }
}
