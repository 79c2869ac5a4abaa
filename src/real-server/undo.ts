import { type Entry, type Ledger, release, targetOf } from './ledger.ts';
import { Changes } from './make.ts';
import { type FileItem, keepFiles, planFiles } from './persistence.ts';
import { type PlanItem, restoreItem } from './plan.ts';
import { RealServerError, wordsOf } from './real-server-error.ts';
import { Session, type SessionOptions } from './session.ts';
import { does, type Setting } from './setting.ts';
import { subjectOf, valueText } from './setting-text.ts';

export interface UndoOptions extends SessionOptions {
  /** Which setups. Default: all. */
  readonly names?: readonly string[] | undefined;
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean | undefined;
  /** The words that start this program, for the unit that brings other setups back. */
  readonly launch?: readonly string[] | undefined;
  /** Told before and after each thing that is changed. Awaited. */
  readonly onStep?: ((phase: 'recorded' | 'done', subject: string) => Promise<void>) | undefined;
}

export interface UndoResult {
  readonly names: readonly string[];
  readonly items: readonly PlanItem[];
  readonly files: readonly FileItem[];
  /** What stays as it is, and why. */
  readonly notes: readonly string[];
}

/** What becomes of one thing. */
interface Restoration {
  readonly entry: Entry;
  readonly current: Setting;
  readonly target: Setting;
  /** Somebody else changed it since: it is theirs. */
  readonly foreign: boolean;
}

/**
 * Takes back what setups did: everything goes back to what it was before, or to what another setup
 * still wants of it. What fails does not keep the rest from being taken back.
 *
 * @throws RealServerError `REAL_SERVER_INVALID` for a name that there is not; `REAL_SERVER_FAILED`
 * with all that could not be taken back, which another undo tries again.
 */
export async function undoRealServer(options: UndoOptions = {}): Promise<UndoResult> {
  const { dryRun = false, launch = [], signal, onStep } = options;
  await using session = await Session.open(options, !dryRun);
  const names = chosen(session.ledger, options.names);
  const released = new Set(names);
  const restorations: Restoration[] = [];
  for (const entry of claimedByAny(session.ledger, released)) {
    restorations.push(await restorationOf(session, entry, released));
  }
  const planned = restorations.map(itemOf);
  const notes = restorations.flatMap(foreignNote);
  const after = without(session.ledger, released, restorations);
  if (dryRun) {
    return { names, items: planned, files: await planFiles(session.place, after, launch), notes };
  }

  const problems: string[] = [];
  const stayed = new Set<Setting>();
  const changes = new Changes(session.host);
  for (const { entry, current, target, foreign } of restorations) {
    signal?.throwIfAborted();
    try {
      if (!foreign && !does(current, target)) {
        await session.save();
        await onStep?.('recorded', subjectOf(target));
        const words = await changes.make(current, target);
        if (words !== undefined) {
          notes.push(words);
          stayed.add(target);
        }
        await onStep?.('done', subjectOf(target));
      }
      session.ledger = release(session.ledger, entry, released);
    } catch (error) {
      problems.push(wordsOf(error));
    }
  }
  if (problems.length > 0) {
    await session.save();
    throw new RealServerError('REAL_SERVER_FAILED', 'cannot undo everything', problems);
  }
  session.ledger = without(session.ledger, released, []);
  const files = await keepFiles(session.place, session.ledger, launch);
  await session.save();
  // What stays is said in a note, and is nothing that was changed back.
  const items = planned.map((item) =>
    stayed.has(item.setting) ? { ...item, to: item.from, changes: false } : item,
  );
  return { names, items, files, notes };
}

function chosen({ setups }: Ledger, names: readonly string[] | undefined): readonly string[] {
  const known = setups.map(({ name }) => name);
  if (names === undefined || names.length === 0) return known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  const there = known.length === 0 ? 'there is none' : `there are ${known.join(' ')}`;
  throw new RealServerError(
    'REAL_SERVER_INVALID',
    'cannot undo',
    unknown.map((name) => `there is no setup ${name}; ${there}`),
  );
}

/** The last that was made first. */
function claimedByAny({ entries }: Ledger, setups: ReadonlySet<string>): readonly Entry[] {
  return entries.filter(({ claims }) => claims.some((one) => setups.has(one.setup))).reverse();
}

async function restorationOf(
  { host }: Session,
  entry: Entry,
  released: ReadonlySet<string>,
): Promise<Restoration> {
  const current = await host.read(entry.original);
  const claims = entry.claims.filter((one) => !released.has(one.setup));
  const target = targetOf({ ...entry, claims });
  const foreign = !does(current, target) && !does(current, targetOf(entry));
  return { entry, current, target, foreign };
}

function itemOf({ entry, current, target, foreign }: Restoration): PlanItem {
  const others = target === entry.original ? 'as it was before' : 'as another setup wants it';
  return restoreItem(current, foreign ? current : target, foreign ? 'changed by others' : others);
}

function foreignNote({ entry, current, foreign }: Restoration): readonly string[] {
  if (!foreign) return [];
  const set = valueText(targetOf(entry));
  return [
    `${subjectOf(current)} stays ${valueText(current)}: others changed it after rs-setup had made it ${set} (before, it was ${valueText(entry.original)})`,
  ];
}

function without(
  ledger: Ledger,
  names: ReadonlySet<string>,
  restorations: readonly Restoration[],
): Ledger {
  const setups = ledger.setups.filter(({ name }) => !names.has(name));
  return restorations.reduce<Ledger>((rest, { entry }) => release(rest, entry, names), {
    ...ledger,
    setups,
  });
}
