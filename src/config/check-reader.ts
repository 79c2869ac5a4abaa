import type {
  CheckInput,
  CheckItemInput,
  CombinedInput,
  PaceInput,
  SingleCheckInput,
  Via,
} from './check-input.ts';
import { readPace } from './check-pace.ts';
import { type CheckedServer, targetOf } from './check-target.ts';
import type { Check, CheckPace } from './checks.ts';
import type { HealthInput } from './config-input.ts';
import type { ProbeMaker } from './probe-maker.ts';
import { readProbe } from './probes.ts';
import type { Place } from './problems.ts';

/** What is said of health in one place, with what is said around it. */
export interface HealthLevel {
  /** Undefined: none, or one that is wrong, which has been told. */
  readonly check: CheckDraft | undefined;
  /** What is said of the pace, the nearest first: a check takes from it what it does not say itself. */
  readonly paces: readonly PaceInput[];
}

/** A check that wants a server to be asked. */
export type CheckDraft =
  | { readonly combine: 'all' | 'any'; readonly checks: readonly CheckDraft[] }
  | {
      readonly combine: 'none';
      readonly place: Place;
      readonly port: number | undefined;
      readonly via: Via;
      readonly probe: ProbeMaker;
      readonly pace: CheckPace;
    };

export const noHealth: HealthLevel = { check: undefined, paces: [] };

/** Reads what `defaults:`, a service or a server says of health. */
export function readHealth(input: HealthInput, at: Place, around: HealthLevel): HealthLevel {
  const { check, checks } = input;
  if (check !== undefined && checks !== undefined) {
    at.in('checks').add('there is a check here already: put it into the list', 'key');
  }
  if (check === undefined && checks === undefined) return around;
  const said: CheckInput = check ?? { all: checks };
  const place = check === undefined ? at : at.in('check');
  const draft =
    said === 'none' ? undefined : readItem(said, place, around.paces, check === undefined);
  const pace = typeof said === 'object' ? [said] : [];
  return { check: draft, paces: [...pace, ...around.paces] };
}

/** @param isShort Whether the list is that of `checks:`. */
function readItem(
  input: CheckItemInput,
  at: Place,
  around: readonly PaceInput[],
  isShort = false,
): CheckDraft | undefined {
  if (typeof input === 'string') return readSingle({ type: input } as SingleCheckInput, at, around);
  if ('type' in input) return readSingle(input, at, around);
  return readCombined(input, at, around, isShort);
}

function readCombined(
  input: CombinedInput,
  at: Place,
  around: readonly PaceInput[],
  isShort: boolean,
): CheckDraft | undefined {
  const combine = input.all === undefined ? 'any' : 'all';
  const list = at.in(isShort ? 'checks' : combine);
  const items = input.all ?? input.any ?? [];
  const drafts = items.map((item, index) => readItem(item, list.in(index), [input, ...around]));
  const checks = drafts.filter((draft) => draft !== undefined);
  return checks.length < items.length ? undefined : { combine, checks };
}

function readSingle(
  input: SingleCheckInput,
  at: Place,
  around: readonly PaceInput[],
): CheckDraft | undefined {
  const before = at.errorCount;
  const via = 'via' in input ? (input.via ?? 'auto') : 'auto';
  if (via === 'data-path' && (input.type === 'icmp' || input.type === 'udp')) {
    at.in('via').add(`${input.type} cannot go through the data path: only kinds on TCP can`);
  }
  const probe = readProbe(input, at);
  const pace = readPace([input, ...around], at);
  if (pace === undefined || at.errorCount > before) return undefined;
  const port = 'port' in input ? input.port : undefined;
  return { combine: 'none', place: at, port, via, probe, pace };
}

/**
 * The check of one server.
 *
 * @returns Undefined after telling why it cannot be asked this.
 */
export function checkOf(draft: CheckDraft, server: CheckedServer): Check | undefined {
  if (draft.combine === 'none') {
    const port = draft.port ?? server.port;
    const probe = draft.probe({ ...server, port });
    const target = targetOf(probe, { ...draft, port }, server);
    return target && { combine: 'none', probe, target, pace: draft.pace };
  }
  const checks = draft.checks
    .map((each) => checkOf(each, server))
    .filter((check) => check !== undefined);
  return checks.length < draft.checks.length ? undefined : { combine: draft.combine, checks };
}
