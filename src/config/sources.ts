import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { ConfigDocument, wholeFile } from './document.ts';
import { expandGlob, isGlob } from './glob.ts';
import { type Place, Problems } from './problems.ts';
import { decodeText, type FileBytes, readFileBytes, reasonOf, TextFileError } from './text-file.ts';

/** A file of a configuration: the main one, or one that another includes. */
export interface Source {
  readonly document: ConfigDocument;
  readonly problems: Problems;
  /** Undefined for the main file. */
  readonly includedBy: Source | undefined;
}

/** All files of a configuration, each behind the one that includes it. */
export interface Sources {
  readonly main: Source;
  readonly all: readonly Source[];
  /** What made a file no source at all: it is no YAML, or cannot be read. */
  readonly problems: readonly ConfigProblem[];
  /** What the files are called in messages, sources or not, in the order they were met. */
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Longest configuration that is read, all files together. */
export const longestConfig: number = 64 * 1024 * 1024;
const deepest = 8;
const mostFiles = 1000;

/** A file that is being read, with the way to it. */
interface Visit {
  /** What it is called in messages. */
  readonly name: string;
  /** Where it is; undefined for what is piped in. */
  readonly path: string | undefined;
  /** The same without symbolic links, which tells files apart. */
  readonly identity: string | undefined;
  readonly source: Source;
  readonly around: Visit | undefined;
}

/** Reads the files that a main file includes, and those that they include. */
export class SourceCollector {
  readonly #all: Source[] = [];
  readonly #problems: ConfigProblem[] = [];
  readonly #known = new Map<string, Place>();
  readonly #names: string[] = [];
  readonly #files: string[] = [];
  readonly #folders = new Set<string>();
  #bytesLeft = longestConfig;

  /**
   * @param name What to call the main file.
   * @param path Where it is; undefined for what is piped in, whose includes are relative to here.
   * @throws ConfigError, TextFileError when the main file itself is no YAML, or no text.
   */
  async collect(main: FileBytes, name: string, path: string | undefined): Promise<Sources> {
    const document = new ConfigDocument(decodeText(main.bytes, name), name);
    this.#bytesLeft -= main.bytes.length;
    this.#names.push(name);
    const source = sourceOf(document, undefined, main);
    const identity =
      path === undefined ? undefined : await realpath(path).catch(() => resolve(path));
    if (path !== undefined) this.#files.push(resolve(path));
    await this.#visit({ name, path, identity, source, around: undefined });
    return {
      main: source,
      all: this.#all,
      problems: this.#problems,
      names: this.#names,
      files: this.#files,
      folders: [...this.#folders],
    };
  }

  async #visit(visit: Visit): Promise<void> {
    this.#all.push(visit.source);
    for (const [place, pattern] of includesOf(visit.source)) {
      if (pattern === '' || pattern.includes('\0') || pattern.includes('**')) {
        place.add('must be the path of a file, or one with *, ? or [a-z] in its names');
        continue;
      }
      const base = visit.path === undefined ? '.' : dirname(visit.path);
      const absolute = resolve(base, pattern);
      if (!isGlob(pattern)) {
        await this.#include(absolute, pattern, place, visit);
        continue;
      }
      const { files, folders } = await expandGlob(absolute);
      for (const folder of folders) this.#folders.add(folder);
      for (const file of files) {
        const name = isAbsolute(pattern) ? file : relative(resolve(base), file);
        await this.#include(file, name, place, visit);
      }
    }
  }

  /** @param written The path as the including file has it. */
  async #include(path: string, written: string, place: Place, by: Visit): Promise<void> {
    const name = isAbsolute(written) ? written : join(dirname(by.name), written);
    if (this.#all.length >= mostFiles) {
      place.add(`more than ${mostFiles} files are not read`);
      return;
    }
    const way = wayTo(by);
    if (way.length > deepest) {
      place.add(`more than ${deepest} files within each other are not read`);
      return;
    }
    let document: ConfigDocument;
    let bytes: FileBytes;
    let identity: string;
    try {
      identity = await realpath(path);
      const first = way.findIndex((one) => one.identity === identity);
      if (first >= 0) {
        const circle = [...way.slice(first).map((one) => one.name), name];
        place.add(`a file cannot include itself: ${circle.join(' -> ')}`);
        return;
      }
      const known = this.#known.get(identity);
      if (known !== undefined) {
        place.add(`${name} is included already by ${known.seenFrom(place)}`);
        return;
      }
      this.#known.set(identity, place);
      bytes = await readFileBytes(path, this.#bytesLeft, { onlyFiles: true });
      this.#bytesLeft -= bytes.bytes.length;
      this.#files.push(path);
      this.#names.push(name);
      document = new ConfigDocument(decodeText(bytes.bytes, name), name);
    } catch (error) {
      this.#tell(error, name, place);
      return;
    }
    const source = sourceOf(document, by.source, bytes);
    await this.#visit({ name, path, identity, source, around: by });
  }

  #tell(error: unknown, name: string, place: Place): void {
    if (error instanceof ConfigError) {
      this.#problems.push(...error.problems);
    } else if (error instanceof TextFileError && error.line !== undefined) {
      this.#problems.push({ ...wholeFile(name), line: error.line, message: error.reason });
    } else if (error instanceof TextFileError) {
      place.add(`cannot read ${name}: ${error.reason}`);
    } else {
      const { message } = new TextFileError(name, reasonOf(error as NodeJS.ErrnoException));
      place.add(message);
    }
  }
}

/** A source of its own, which includes nothing. */
export function loneSource(document: ConfigDocument): Sources {
  const main = sourceOf(document, undefined);
  for (const [place] of includesOf(main)) {
    place.add('only a file can include others, and this text is none');
  }
  return { main, all: [main], problems: [], names: [document.file], files: [], folders: [] };
}

function sourceOf(
  document: ConfigDocument,
  includedBy: Source | undefined,
  { isWorldWritable }: Partial<FileBytes> = {},
): Source {
  const problems = new Problems(document);
  if (isWorldWritable === true) {
    problems.warnings.push({
      ...wholeFile(document.file),
      message: 'everybody may write to this file, and so decide what the director does',
    });
  }
  return { document, problems, includedBy };
}

/** What a file includes; what is no text is told as part of its shape. */
function includesOf({ document, problems }: Source): readonly (readonly [Place, string])[] {
  const { value } = document;
  if (typeof value !== 'object' || value === null || !('include' in value)) return [];
  const { include } = value;
  const at = problems.at('include');
  const isText = (item: unknown) => typeof item === 'string';
  if (isText(include)) return [[at, include]];
  if (!Array.isArray(include)) return [];
  return include.flatMap((item: unknown, index) => (isText(item) ? [[at.in(index), item]] : []));
}

/** The files that lead to one, from the main one on. */
function wayTo(visit: Visit): readonly Visit[] {
  return visit.around === undefined ? [visit] : [...wayTo(visit.around), visit];
}
