import type { AvailabilityDocument } from '../../control/documents.ts';
import type { Availability } from '../../observe/availability.ts';
import { humanDuration } from '../output/human-duration.ts';
import type { Style } from '../output/style.ts';
import { type Column, layOut } from '../output/table.ts';

/** How available services and servers were, as a table. */
export function availabilityText(
  { spansMs, services }: AvailabilityDocument,
  style: Style,
): readonly string[] {
  if (services.length === 0) return [style.dim('nothing is known yet')];
  const columns: Column[] = [
    { heading: 'service' },
    ...spansMs.flatMap((span) => [
      { heading: `up in ${humanDuration(span)}`, numeric: true },
      { heading: 'failures', numeric: true },
      { heading: 'mttf', numeric: true },
      { heading: 'mttr', numeric: true },
    ]),
  ];
  const rows: string[][] = [];
  const paints: ((text: string) => string)[] = [style.dim];
  for (const { service, spans, servers } of services) {
    rows.push([service, ...spans.flatMap(cells)]);
    paints.push(style.bold);
    for (const { server, spans: own } of servers) {
      rows.push([`  ${server}`, ...own.flatMap(cells)]);
      paints.push((text) => text);
    }
  }
  return layOut(columns, rows).map((line, index) => paints[index]?.(line) ?? line);
}

function cells({ availability, failures, mttfMs, mttrMs }: Availability): readonly string[] {
  return [
    availability === undefined ? '-' : percent(availability),
    String(failures),
    mttfMs === undefined ? '-' : humanDuration(mttfMs),
    mttrMs === undefined ? '-' : humanDuration(mttrMs),
  ];
}

/** Never rounded up to what it was not. */
function percent(share: number): string {
  if (share === 1) return '100%';
  return `${(Math.floor(share * 100_000) / 1000).toFixed(3)}%`;
}
