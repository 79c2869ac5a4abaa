import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a pattern stands for. */
export interface GlobResult {
  /** Paths of files, in the order of their names. */
  readonly files: readonly string[];
  /** The folders that were looked into. */
  readonly folders: readonly string[];
}

/** Whether a path is a pattern: has `*`, `?` or `[`. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/**
 * The files that a pattern stands for: `*` is any text within a name, `?` any character, `[a-z]` one
 * of several. Names that begin with a dot have to be asked for by that dot. What is there but cannot
 * be listed stands for nothing.
 *
 * @param path A pattern from the root.
 */
export async function expandGlob(path: string): Promise<GlobResult> {
  const steps = path.split('/').filter((step) => step !== '');
  const folders: string[] = [];
  let found = ['/'];
  for (const [index, step] of steps.entries()) {
    const next: string[] = [];
    for (const folder of found) {
      if (!isGlob(step)) {
        next.push(join(folder, step));
        continue;
      }
      folders.push(folder);
      const wanted = patternOf(step);
      const isLast = index === steps.length - 1;
      for (const entry of await entriesOf(folder)) {
        if (!wanted.test(entry.name)) continue;
        const inside = join(folder, entry.name);
        if (await isKind(inside, entry, isLast ? 'file' : 'folder')) next.push(inside);
      }
    }
    found = next;
  }
  // The last step may be plain behind a pattern, and then need not be there.
  const files: string[] = [];
  for (const file of found) if (await isKind(file, undefined, 'file')) files.push(file);
  return { files, folders };
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch {
    return [];
  }
}

async function isKind(
  path: string,
  entry: Dirent | undefined,
  kind: 'file' | 'folder',
): Promise<boolean> {
  if (entry?.isFile()) return kind === 'file';
  if (entry?.isDirectory()) return kind === 'folder';
  try {
    const status = await stat(path);
    return kind === 'file' ? status.isFile() : status.isDirectory();
  } catch (error) {
    // A link that leads nowhere, or round in a circle, is told when it is read.
    return (
      kind === 'file' && entry !== undefined && (error as NodeJS.ErrnoException).code !== 'EACCES'
    );
  }
}

/** What one step of a path with wildcards matches. */
export function patternOf(step: string): RegExp {
  const source = step.replaceAll(/\[(!?)([^\]]+)\]|[*?]|[\\^$+.()|{}[\]]/g, (text, not, set) => {
    if (text === '*') return '[^/]*';
    if (text === '?') return '[^/]';
    if (set === undefined) return `\\${text}`;
    return `[${not === '!' ? '^' : ''}${String(set).replaceAll(/[\\^\]]/g, '\\$&')}]`;
  });
  return new RegExp(`^${step.startsWith('.') ? '' : '(?!\\.)'}${source}$`, 's');
}
