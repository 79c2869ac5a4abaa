import type { FileItem } from '../../real-server/persistence.ts';
import type { PlanItem } from '../../real-server/plan.ts';
import { fill } from '../output/paragraph.ts';
import type { Style } from '../output/style.ts';

const width = 96;
const indent = '      ';

/** The lines of a plan: each change from what to what, and why. */
export function planLines(
  items: readonly PlanItem[],
  files: readonly FileItem[],
  style: Style,
): readonly string[] {
  const changes = items.filter((item) => item.changes);
  const lines = changes.flatMap(({ subject, from, to, why }) => [
    `  ${style.bold(subject)}: ${from} -> ${to}`,
    ...indented(why).map(style.dim),
  ]);
  const written = files.filter(({ action }) => action !== 'none');
  return [...lines, ...written.map(({ path, action }) => `  ${style.bold(path)}: ${action}`)];
}

/** How many things are as they should be already. */
export function unchanged(items: readonly PlanItem[]): number {
  return items.filter((item) => !item.changes).length;
}

export function noteLines(notes: readonly string[]): readonly string[] {
  return notes.flatMap((note) => {
    const [first = '', ...more] = fill(note, width - 2).split('\n');
    return [`  note: ${first}`, ...more.map((line) => `        ${line}`)];
  });
}

function indented(text: string): readonly string[] {
  return fill(text, width - indent.length)
    .split('\n')
    .map((line) => indent + line);
}

/** A plan as it is written as JSON. */
export function planDocument(
  items: readonly PlanItem[],
  files: readonly FileItem[],
): Readonly<Record<string, unknown>> {
  return {
    items: items.map(({ subject, from, to, why, changes, command }) => ({
      subject,
      from,
      to,
      why,
      changes,
      command,
    })),
    files,
  };
}
