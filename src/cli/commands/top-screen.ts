import type { StatusDocument } from '../../control/documents.ts';
import type { DirectorEvent } from '../../observe/director-event.ts';
import {
  complaints,
  type DirectorRow,
  directorLines,
  directorRows,
} from '../output/director-rows.ts';
import type { Style } from '../output/style.ts';
import { eventLine } from './event-lines.ts';
import { directorLine } from './status.ts';

/** Everything that the screen shows. */
export interface TopState {
  /** Undefined until the director has answered. */
  readonly status: StatusDocument | undefined;
  /** The last is the newest. */
  readonly events: readonly DirectorEvent[];
  /** The server that keys are for: names of service and server. */
  readonly chosen: Chosen | undefined;
  /** What is asked of the user, with what has been typed. */
  readonly question: Question | undefined;
  /** What came of the last key, or why the director does not answer. */
  readonly message: string | undefined;
}

export interface Chosen {
  readonly service: string;
  readonly server: string;
}

export interface Question {
  readonly what: 'drain' | 'weight';
  readonly typed: string;
}

export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

const keys = '↑↓ choose  d drain  r ready  w weight  q quit';
const mostEvents = 8;

/** The screen as lines, no more than there is room for, and none too long. */
export function topLines(state: TopState, size: ScreenSize, style: Style): readonly string[] {
  const { status, events } = state;
  const room = Math.max(4, size.rows);
  const head = [style.bold(status === undefined ? 'lvskit top' : directorLine(status))];
  for (const complaint of status === undefined ? [] : complaints(status).slice(0, 3)) {
    head.push(style.red(complaint));
  }
  const foot = [footLine(state, style)];
  const eventRoom = Math.min(mostEvents, events.length, Math.floor(room / 4));
  const eventLines = events.slice(events.length - eventRoom).map((event) => eventLine(event));
  const below = eventRoom === 0 ? [] : ['', ...eventLines.map((line) => style.dim(line))];
  const tableRoom = Math.max(1, room - head.length - foot.length - below.length - 1);
  const table = status === undefined ? [] : tableLines(status, state.chosen, tableRoom, style);
  const lines = [...head, '', ...table];
  while (lines.length + below.length + foot.length < room) lines.push('');
  return [...lines, ...below, ...foot]
    .slice(0, room)
    .map((line) => cut(line, Math.max(10, size.columns)));
}

/** The rows that are servers, which keys can choose. */
export function choices(status: StatusDocument | undefined): readonly Chosen[] {
  return (status?.services ?? []).flatMap(({ name, servers }) =>
    servers.map(({ server }) => ({ service: name, server })),
  );
}

function tableLines(
  status: StatusDocument,
  chosen: Chosen | undefined,
  room: number,
  style: Style,
): readonly string[] {
  const rows = directorRows(status);
  if (rows.length === 0) return [style.dim('no services')];
  const [headings = '', ...lines] = directorLines(rows, style);
  const at = Math.max(
    0,
    rows.findIndex((row) => isChosen(row, chosen)),
  );
  const marked = lines.map((line, index) => {
    const mark = chosen !== undefined && index === at ? style.bold('>') : ' ';
    return `${mark} ${line}`;
  });
  const shown = Math.max(1, room - 1);
  // The chosen one stays in sight, with what is around it.
  const start = Math.min(
    Math.max(0, at - Math.floor(shown / 2)),
    Math.max(0, marked.length - shown),
  );
  return [`  ${headings}`, ...marked.slice(start, start + shown)].slice(0, room);
}

function isChosen(row: DirectorRow, chosen: Chosen | undefined): boolean {
  return row.service === chosen?.service && row.server === chosen.server;
}

function footLine({ question, message, chosen }: TopState, style: Style): string {
  if (question?.what === 'drain') {
    return style.bold(`drain ${chosen?.service} ${chosen?.server}? y or n`);
  }
  if (question?.what === 'weight') {
    return style.bold(`weight of ${chosen?.service} ${chosen?.server}: ${question.typed}_`);
  }
  return message === undefined ? style.dim(keys) : style.yellow(message);
}

/** Cuts what does not fit, leaving escape sequences whole. */
function cut(line: string, columns: number): string {
  let width = 0;
  let cutLine = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what begins a sequence
  for (const [piece] of line.matchAll(/\x1b\[\d*m|./gsu)) {
    if (piece.startsWith('\x1b')) {
      cutLine += piece;
      continue;
    }
    if (width < columns) cutLine += piece;
    width++;
  }
  return cutLine;
}
