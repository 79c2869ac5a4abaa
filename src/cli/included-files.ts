import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isGlob, patternOf } from '../config/glob.ts';
import { decodeText, reasonOf, TextFileError, tooLong } from '../config/text-file.ts';
import type { IncludedFiles } from '../formats/keepalived/lines.ts';

/** Files as they are included: all at once, and no more than so many bytes together. */
export class SystemFiles implements IncludedFiles {
  #bytesLeft: number;

  constructor(longest: number) {
    this.#bytesLeft = longest;
  }

  /** @throws TextFileError */
  read(path: string): string {
    try {
      if (!statSync(path).isFile()) throw new TextFileError(path, 'it is no file');
      const bytes = readFileSync(path);
      if (bytes.length > this.#bytesLeft) throw tooLong(path, this.#bytesLeft, bytes.length);
      this.#bytesLeft -= bytes.length;
      return decodeText(bytes, path);
    } catch (error) {
      if (error instanceof TextFileError) throw error;
      throw new TextFileError(path, reasonOf(error as NodeJS.ErrnoException));
    }
  }

  expand(pattern: string): readonly string[] {
    const steps = pattern.split('/');
    let found = [pattern.startsWith('/') ? '/' : ''];
    for (const step of steps.filter((one) => one !== '')) {
      found = found.flatMap((folder) =>
        isGlob(step)
          ? namesIn(folder)
              .filter((name) => patternOf(step).test(name))
              .map((name) => join(folder, name))
          : [join(folder, step)],
      );
    }
    return found.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder === '' ? '.' : folder).sort();
  } catch {
    return [];
  }
}
