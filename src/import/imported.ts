import type { ServerObjectInput, ServiceInput } from '../config/config-input.ts';
import type { SourcePlace } from '../formats/source.ts';

/**
 * Something of the source that the configuration does not say as it is said there. `left-out`: it has
 * no equal. `differs`: it is in the configuration, and lvskit does it otherwise.
 */
export interface Note {
  readonly kind: 'left-out' | 'differs';
  readonly place: SourcePlace;
  readonly message: string;
  /** The words themselves, one text for each line that is shown. */
  readonly source: readonly string[];
  /** How many lines of the source it is about. */
  readonly lines: number;
}

/** A word of the source, and what has become of it. */
export interface WordFate {
  readonly place: SourcePlace;
  readonly text: string;
  /** Whether the configuration says what it says, a note shows it, or neither: a fault of ours. */
  readonly fate: 'mapped' | 'named' | 'forgotten';
}

export interface ImportedServer {
  readonly place: SourcePlace;
  readonly notes: readonly Note[];
  readonly input: ServerObjectInput;
}

/** A service, with what there is to be said of it where it stands. */
export interface ImportedService {
  readonly place: SourcePlace;
  readonly notes: readonly Note[];
  readonly input: Omit<ServiceInput, 'servers'>;
  readonly servers: readonly ImportedServer[];
}

/** What stands in the configuration, in the order of the source. */
export type ImportedItem =
  | { readonly type: 'service'; readonly service: ImportedService }
  | { readonly type: 'note'; readonly note: Note };

/** What another program's configuration comes to. */
export interface Imported {
  /** The source by name, as comments and messages have it. */
  readonly source: string;
  /** Lines for the top of the file. */
  readonly preface: readonly string[];
  readonly items: readonly ImportedItem[];
  readonly words: readonly WordFate[];
}

/** Every note, in the order in which they stand. */
export function notesOf({ items }: Imported): readonly Note[] {
  return items.flatMap((item) =>
    item.type === 'note'
      ? [item.note]
      : [...item.service.notes, ...item.service.servers.flatMap((server) => server.notes)],
  );
}

export function servicesOf({ items }: Imported): readonly ImportedService[] {
  return items.flatMap((item) => (item.type === 'service' ? [item.service] : []));
}

/** How many lines of the source have no equal. */
export function linesLeftOut(imported: Imported): number {
  return notesOf(imported).reduce(
    (sum, note) => (note.kind === 'left-out' ? sum + note.lines : sum),
    0,
  );
}
