/** A column: its heading, and whether its cells are numbers, which end where the heading ends. */
export interface Column {
  readonly heading: string;
  readonly numeric?: boolean;
}

/**
 * Lays rows out in columns two spaces apart, headings first. Cells are measured as they are, so
 * they must not carry escape sequences; dress whole lines.
 */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const lines = [columns.map((column) => column.heading), ...rows];
  const widths = columns.map((_, index) =>
    lines.reduce((width, cells) => Math.max(width, cells[index]?.length ?? 0), 0),
  );
  return lines.map((cells) =>
    columns
      .map((column, index) => {
        const cell = cells[index] ?? '';
        const width = widths[index] ?? 0;
        return column.numeric === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
