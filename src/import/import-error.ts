import type { SourcePlace } from './imported.ts';

/** A source that cannot be imported: it is not what it is said to be. */
export class ImportError extends Error {
  static {
    ImportError.prototype.name = 'ImportError';
  }

  readonly code = 'IMPORT_INVALID';
  readonly place: SourcePlace;
  /** What is the matter, without the place. */
  readonly reason: string;

  constructor(place: SourcePlace, reason: string) {
    super(`${place.file}:${place.line}:${place.column}: ${reason}`);
    this.place = place;
    this.reason = reason;
  }
}
