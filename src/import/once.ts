import type { Note } from './imported.ts';

/**
 * Tells which notes of one service are new: what is said for one of several servers is not said again
 * for the others, nor is what several servers have to say of one line.
 */
export function onlyNew(): (notes: readonly Note[]) => readonly Note[] {
  const told = new Set<string>();
  return (notes) =>
    notes.filter(({ kind, message, place, source }) => {
      const where = `${place.file}:${place.line} ${source.join(' ')}`;
      const key = kind === 'left-out' ? `${where} ${message}` : message;
      const isNew = !told.has(key);
      told.add(key);
      return isNew;
    });
}
