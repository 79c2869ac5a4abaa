/** A place in a text. */
export interface SourcePlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/** A text that is not what it is said to be. */
export class SourceError extends Error {
  static {
    SourceError.prototype.name = 'SourceError';
  }

  readonly code = 'SOURCE_INVALID';
  readonly place: SourcePlace;
  /** What is the matter, without the place. */
  readonly reason: string;

  constructor(place: SourcePlace, reason: string) {
    super(`${place.file}:${place.line}:${place.column}: ${reason}`);
    this.place = place;
    this.reason = reason;
  }
}
