import type { ServerDocument, ServiceDocument, StatusDocument } from '../../control/documents.ts';
import { humanDuration } from './human-duration.ts';
import { humanCount } from './human-number.ts';
import type { Style } from './style.ts';
import { type Column, layOut } from './table.ts';

/** How something stands: as it should, on its way, taken out on purpose, or not as it should. */
export type Condition = 'good' | 'changing' | 'out' | 'bad';

/** A service, a server of one, or what else is in its table, as a row. */
export interface DirectorRow {
  readonly service: string;
  /** Absent for the service itself. */
  readonly server?: string;
  readonly condition: Condition;
  readonly cells: readonly string[];
}

const numeric = (heading: string): Column => ({ heading, numeric: true });

const columns: readonly Column[] = [
  { heading: 'service' },
  { heading: 'state' },
  numeric('weight'),
  numeric('active'),
  numeric('inactive'),
  numeric('conn/s'),
  numeric('bytes in/s'),
  numeric('for'),
  { heading: 'last check' },
];

/** Services with their servers, in the order of the configuration. */
export function directorRows({ services }: Pick<StatusDocument, 'services'>): DirectorRow[] {
  return services.flatMap((service) => [
    serviceRow(service),
    ...service.servers.map((server) => serverRow(service, server)),
    ...service.others.map(({ server, role, kernel }): DirectorRow => {
      const flows = readingCells(kernel);
      const cells = [`  ${server}`, role, String(kernel.weight), ...flows, '-', ''];
      return { service: service.name, server, condition: 'changing', cells };
    }),
  ]);
}

/** Rows as lines in columns, the headings first, each dressed by how what it shows stands. */
export function directorLines(rows: readonly DirectorRow[], style: Style): readonly string[] {
  const paints: Readonly<Record<Condition, (text: string) => string>> = {
    good: (text) => text,
    changing: style.cyan,
    out: style.yellow,
    bad: style.red,
  };
  const [headings = '', ...lines] = layOut(
    columns,
    rows.map(({ cells }) => cells),
  );
  return [
    style.dim(headings),
    ...lines.map((line, index) => {
      const row = rows[index];
      const painted = paints[row?.condition ?? 'good'](line);
      return row?.server === undefined ? style.bold(painted) : painted;
    }),
  ];
}

/** What is not as it should be, a sentence each; nothing when all is well. */
export function complaints(status: StatusDocument): readonly string[] {
  const { configuration, services, vips, history } = status;
  const told: string[] = [];
  if (configuration.problem !== undefined) {
    const first = configuration.problem.split('\n')[0];
    told.push(`the newest configuration is refused, the one before goes on: ${first}`);
  }
  for (const { vip, link, present } of vips) {
    if (!present) told.push(`VIP ${vip} is not on ${link}`);
  }
  for (const { name, refusal } of services) {
    if (refusal !== undefined) told.push(`the kernel does not take ${name}: ${refusal}`);
  }
  if (history?.problem !== undefined) told.push(history.problem);
  return told;
}

/** Whether all services and servers are as they should be. What is out on purpose is. */
export function isWell(status: StatusDocument): boolean {
  if (complaints(status).length > 0) return false;
  return directorRows(status).every(({ condition }) => condition !== 'bad');
}

function serviceRow(service: ServiceDocument): DirectorRow {
  const { name, service: key, mode, hasQuorum, servers, others, refusal, statistics } = service;
  const live = servers.filter(({ state }) => state === 'up' || state === 'starting').length;
  const readings = [...servers, ...others].flatMap(({ kernel }) => kernel ?? []);
  const sum = (field: 'activeConnections' | 'inactiveConnections') =>
    String(readings.reduce((all, reading) => all + reading[field], 0));
  const isBad =
    refusal !== undefined ||
    mode === 'down' ||
    mode === 'panic' ||
    mode === 'fallback' ||
    !hasQuorum;
  const state = hasQuorum || mode === 'down' || mode === 'idle' ? mode : `${mode}, no quorum`;
  return {
    service: name,
    condition: mode === 'idle' ? 'out' : isBad ? 'bad' : 'good',
    cells: [
      name === key ? name : `${name}  ${key}`,
      refusal === undefined ? state : 'refused',
      `${live}/${servers.length} up`,
      sum('activeConnections'),
      sum('inactiveConnections'),
      statistics === undefined ? '-' : humanCount(BigInt(statistics.connectionsPerSecond)),
      statistics === undefined ? '-' : humanCount(BigInt(statistics.bytesInPerSecond)),
      '',
      '',
    ],
  };
}

const conditions: Readonly<Record<ServerDocument['state'], Condition>> = {
  up: 'good',
  starting: 'changing',
  standby: 'changing',
  drain: 'out',
  maint: 'out',
  down: 'bad',
  kept: 'bad',
};

function serverRow({ name }: ServiceDocument, own: ServerDocument): DirectorRow {
  const { server, state, standing, override, kernel } = own;
  const { sinceMs } = standing;
  const wanted = override.weight === undefined ? '' : '*';
  return {
    service: name,
    server,
    condition: conditions[state],
    cells: [
      `  ${server}`,
      state,
      kernel === undefined ? '-' : `${kernel.weight}${wanted}`,
      ...(kernel === undefined ? ['-', '-', '-', '-'] : readingCells(kernel)),
      sinceMs === undefined ? '-' : humanDuration(sinceMs),
      checkText(own),
    ],
  };
}

function readingCells({
  activeConnections,
  inactiveConnections,
  statistics,
}: NonNullable<ServerDocument['kernel']>): readonly string[] {
  return [
    String(activeConnections),
    String(inactiveConnections),
    humanCount(BigInt(statistics.connectionsPerSecond)),
    humanCount(BigInt(statistics.bytesInPerSecond)),
  ];
}

/** What the checks of a server say: the first that fails, or else the first. */
function checkText({ standing }: ServerDocument): string {
  const { checks, healthy, reason } = standing;
  const told = checks.find((check) => !check.healthy) ?? checks[0];
  if (told === undefined) return 'not checked';
  const { last, against, needed } = told;
  if (last === undefined) return healthy ? 'not yet' : (reason ?? 'not yet');
  const passed = last.passed ? '' : `: ${last.detail}`;
  const turning = against > 0 ? ` (${against} of ${needed} against)` : '';
  return `${last.code} ${humanDuration(last.durationMs)}${passed}${turning}`;
}
