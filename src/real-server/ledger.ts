import { does, type Setting, sameSetting, settingId } from './setting.ts';
import type { SetupSettings } from './setup-settings.ts';

/** What a machine was made a real server with, under a name. */
export interface Setup {
  readonly name: string;
  readonly settings: SetupSettings;
  /** Whether it is to come back when the machine is started again. */
  readonly persist: boolean;
  /** The configuration file that it is from. */
  readonly origin?: string;
  /** Units of services that must not start before it is back. */
  readonly before: readonly string[];
  /** False while it is being applied, and ever after when that was cut short. */
  readonly complete: boolean;
}

/** What one setup has a thing at. */
export interface Claim {
  readonly setup: string;
  readonly setting: Setting;
}

/** One thing that was, or may have been, changed. */
export interface Entry {
  /** What it was before the first setup. */
  readonly original: Setting;
  /** Who wants it how, the latest last; never empty. */
  readonly claims: readonly Claim[];
}

/** Everything that undoing needs to know, as it is kept on disk. */
export interface Ledger {
  readonly version: 1;
  /** Which start of the machine, and which network namespace, the values are of. */
  readonly epoch: string;
  readonly setups: readonly Setup[];
  /** In the order in which they were made. */
  readonly entries: readonly Entry[];
}

export function emptyLedger(epoch: string): Ledger {
  return { version: 1, epoch, setups: [], entries: [] };
}

export function findEntry(ledger: Ledger, setting: Setting): Entry | undefined {
  const id = settingId(setting);
  return ledger.entries.find((entry) => settingId(entry.original) === id);
}

/** What the kernel is to have while these claims stand: the latest one, or the original. */
export function targetOf({ original, claims }: Entry): Setting {
  return claims.at(-1)?.setting ?? original;
}

/** The ids of what one setup claims. */
export function claimedBy(ledger: Ledger, setup: string): ReadonlySet<string> {
  return new Set(
    ledger.entries
      .filter((entry) => entry.claims.some((claim) => claim.setup === setup))
      .map((entry) => settingId(entry.original)),
  );
}

/** What sysctls were before the first setup, by name. */
export function originalSysctls(ledger: Ledger): ReadonlyMap<string, string> {
  return new Map(
    ledger.entries.flatMap(({ original }) =>
      original.kind === 'sysctl' && original.value !== null
        ? [[original.name, original.value] as const]
        : [],
    ),
  );
}

/** Writes down that a setup wants a thing so, and, the first time, what it is now. */
export function claim(ledger: Ledger, setup: string, setting: Setting, current: Setting): Ledger {
  const known = findEntry(ledger, setting);
  if (known === undefined) {
    return {
      ...ledger,
      entries: [...ledger.entries, { original: current, claims: [{ setup, setting }] }],
    };
  }
  // A sysctl of a link that is not there yet gets its first value with the link.
  const unborn = known.original.kind === 'sysctl' && known.original.value === null;
  const original = unborn ? current : known.original;
  const mine = known.claims.find((one) => one.setup === setup);
  const claims =
    mine !== undefined && sameSetting(mine.setting, setting)
      ? known.claims
      : [...known.claims.filter((one) => one.setup !== setup), { setup, setting }];
  if (original === known.original && claims === known.claims) return ledger;
  return replaceEntry(ledger, known, { original, claims });
}

/** Takes back what a setup wants of a thing; the thing is forgotten when nobody else wants any. */
export function release(ledger: Ledger, entry: Entry, setups: ReadonlySet<string>): Ledger {
  const claims = entry.claims.filter((one) => !setups.has(one.setup));
  return replaceEntry(ledger, entry, claims.length === 0 ? undefined : { ...entry, claims });
}

function replaceEntry(ledger: Ledger, entry: Entry, by: Entry | undefined): Ledger {
  const entries = ledger.entries.flatMap((one) => (one === entry ? (by ?? []) : one));
  return { ...ledger, entries };
}

export function putSetup(ledger: Ledger, setup: Setup): Ledger {
  const others = ledger.setups.filter((one) => one.name !== setup.name);
  return { ...ledger, setups: [...others, setup] };
}

/**
 * The ledger for a machine that was started anew. What is not as it was claimed came with the start,
 * and is what undoing goes back to; what is as claimed was put there by sysctl.d or by hand, and
 * says nothing new.
 *
 * @param currents What the things of the entries are now, in their order.
 */
export function rebase(ledger: Ledger, epoch: string, currents: readonly Setting[]): Ledger {
  const entries = ledger.entries.map((entry, index) => {
    const current = currents[index];
    if (current === undefined || does(current, targetOf(entry))) return entry;
    return { ...entry, original: current };
  });
  return { ...ledger, epoch, entries };
}
