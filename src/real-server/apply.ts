import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Draft, Wanted } from './draft.ts';
import { draftSetup } from './draft-setup.ts';
import { claim, type Ledger, putSetup, release, type Setup, targetOf } from './ledger.ts';
import { Changes, failure, makeSo, tryRights } from './make.ts';
import { type FileItem, keepFiles, planFiles } from './persistence.ts';
import type { Place } from './place.ts';
import { isSatisfied, type PlanItem, planItem, restoreItem } from './plan.ts';
import { RealServerError } from './real-server-error.ts';
import { Session, type SessionOptions } from './session.ts';
import { does, type Setting, settingId } from './setting.ts';
import { subjectOf } from './setting-text.ts';
import { actionOf, checkSetup, nameOfSetup, type SetupSettings } from './setup-settings.ts';

export interface ApplyOptions extends SessionOptions {
  /** What the setup is called. Default: its mode and VIPs, or type and mount point. Another one of that name is replaced. */
  readonly name?: string | undefined;
  /** Whether it comes back when the machine is started again. Default: as it was, at first no. */
  readonly persist?: boolean | undefined;
  /** The configuration file that the settings are from. */
  readonly origin?: string | undefined;
  /** Units that are not to start before it is back, besides the usual ones. */
  readonly before?: readonly string[] | undefined;
  /** The words that start this program, for the unit that brings setups back. */
  readonly launch?: readonly string[] | undefined;
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean | undefined;
  /**
   * Told before each thing that is changed, once what it was is on the disk, and when it has been
   * changed. Awaited.
   */
  readonly onStep?: ((phase: 'recorded' | 'done', subject: string) => Promise<void>) | undefined;
}

export interface ApplyResult {
  readonly setup: Setup;
  readonly items: readonly PlanItem[];
  readonly files: readonly FileItem[];
  /** What the operator should know. */
  readonly notes: readonly string[];
  /** Whether anything was, or would be, changed. */
  readonly changed: boolean;
}

/** What is to be done, and what is known then. */
interface Prepared {
  readonly setup: Setup;
  readonly draft: Draft;
  readonly items: readonly PlanItem[];
  readonly files: readonly FileItem[];
  readonly changed: boolean;
  /** The ledger when all of it has been done. */
  readonly ledger: Ledger;
}

/**
 * Makes this machine a real server, or has it mount storage, unless it is so already. What it changes it writes down first;
 * when something fails it takes back what it did.
 *
 * @throws RealServerError, NetworkError; the signal's reason.
 */
export async function applyRealServer(
  settings: SetupSettings,
  options: ApplyOptions = {},
): Promise<ApplyResult> {
  const checked = checkSetup(settings);
  const { dryRun = false } = options;
  await using session = await Session.open(options, !dryRun);
  const prepared = await prepare(session, checked, options);
  const { setup, draft, items, files, changed } = prepared;
  if (!dryRun && changed) await carryOut(session, prepared, options);
  return { setup, items, files, notes: draft.notes, changed };
}

async function prepare(
  session: Session,
  settings: SetupSettings,
  options: ApplyOptions,
): Promise<Prepared> {
  const { host, ledger } = session;
  const name = options.name ?? nameOfSetup(settings);
  const known = ledger.setups.find((one) => one.name === name);
  const setup: Setup = {
    name,
    settings,
    persist: options.persist ?? known?.persist ?? false,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    before: options.before ?? known?.before ?? [],
    complete: true,
  };
  await refuseScripts(session.place, settings);
  const draft = await draftSetup(host, ledger, setup);
  if (draft.problems.length > 0) {
    throw new RealServerError('REAL_SERVER_CONFLICT', actionOf(settings), draft.problems);
  }
  const items: PlanItem[] = [];
  let after = putSetup(ledger, setup);
  for (const wanted of draft.wanted) {
    const current = await host.read(wanted.setting);
    items.push(planItem(current, wanted));
    after = claim(after, name, effective(current, wanted), current);
  }
  for (const entry of stale(ledger, name, draft)) {
    const current = await host.read(entry.original);
    const released = release(after, entry, new Set([name]));
    items.push(restoreItem(current, targetAfter(entry, name), 'no longer wanted by this setup'));
    after = released;
  }
  const files = await planFiles(session.place, after, options.launch ?? []);
  const changed =
    items.some((item) => item.changes) ||
    files.some((file) => file.action !== 'none') ||
    JSON.stringify(known) !== JSON.stringify(setup);
  return { setup, draft, items, files, changed, ledger: after };
}

/** Two records of one thing would each go back to what the other had made of it. */
async function refuseScripts({ scriptRecords }: Place, settings: SetupSettings) {
  // Scripts have no part in storage.
  if (scriptRecords === undefined || settings.mode === 'storage') return;
  const names = await readdir(scriptRecords).catch((): readonly string[] => []);
  if (names.length === 0) return;
  throw new RealServerError('REAL_SERVER_CONFLICT', actionOf(settings), [
    `a script of rs-setup has set this machine up (${join(scriptRecords, names.join(', '))}): undo that first, or go on with the script`,
  ]);
}

/** What is claimed: what is wanted, or what is there where that does as well. */
function effective(current: Setting, wanted: Wanted): Setting {
  const isValue = wanted.setting.kind === 'sysctl' || wanted.setting.kind === 'iscsi-node';
  const isOther = isValue && isSatisfied(current, wanted);
  return isOther ? current : wanted.setting;
}

/** What a setup of that name claimed before, and does not any more. */
function stale(ledger: Ledger, name: string, { wanted }: Draft): Ledger['entries'] {
  const ids = new Set(wanted.map(({ setting }) => settingId(setting)));
  return ledger.entries
    .filter((entry) => entry.claims.some((one) => one.setup === name))
    .filter((entry) => !ids.has(settingId(entry.original)))
    .reverse();
}

function targetAfter(entry: Ledger['entries'][number], name: string): Setting {
  return targetOf({ ...entry, claims: entry.claims.filter((one) => one.setup !== name) });
}

async function carryOut(session: Session, prepared: Prepared, options: ApplyOptions) {
  const { host } = session;
  const { setup, draft, items } = prepared;
  const { signal, onStep, launch = [] } = options;
  const before = session.ledger;
  const changes = new Changes(host);
  try {
    await tryRights(host, items);
    session.ledger = putSetup(before, { ...setup, complete: false });
    let pending = '';
    await makeSo(host, changes, draft.wanted, {
      signal,
      record: async (wanted, current) => {
        const setting = effective(current, wanted);
        session.ledger = claim(session.ledger, setup.name, setting, current);
        // What need not be changed can be written down with the next that has to be.
        if (does(current, setting)) return;
        await session.save();
        pending = subjectOf(setting);
        await onStep?.('recorded', pending);
      },
      onItem: async ({ changes: changed }) => {
        if (changed) await onStep?.('done', pending);
      },
    });
    for (const entry of stale(before, setup.name, draft)) {
      const current = await host.read(entry.original);
      const target = targetAfter(entry, setup.name);
      const known = session.ledger.entries.find((one) => one.original === entry.original) ?? entry;
      if (does(current, targetOf(entry)) && !does(current, target)) {
        await changes.make(current, target);
      }
      session.ledger = release(session.ledger, known, new Set([setup.name]));
    }
    session.ledger = putSetup(session.ledger, setup);
    await session.save();
    await keepFiles(session.place, session.ledger, launch);
  } catch (error) {
    const failed = await failure(actionOf(setup.settings), error, changes);
    // What could not be taken back stays written down, for undo to try again.
    if (failed.clean) session.ledger = before;
    await session.save();
    signal?.throwIfAborted();
    throw failed.error;
  }
}

/** What is set up on this machine. */
export async function knownSetups(options: SessionOptions): Promise<readonly Setup[]> {
  await using session = await Session.open(options, false);
  return session.ledger.setups;
}
