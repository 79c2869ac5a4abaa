import type { Entry, Setup } from './ledger.ts';
import { Session, type SessionOptions } from './session.ts';
import { does } from './setting.ts';
import { subjectOf, valueText } from './setting-text.ts';

/** One thing that a setup has made so, and how it is now. */
export interface StatusItem {
  readonly subject: string;
  readonly current: string;
  readonly wanted: string;
  /** What undoing goes back to. */
  readonly original: string;
  readonly inPlace: boolean;
}

export interface SetupStatus {
  readonly setup: Setup;
  readonly items: readonly StatusItem[];
  readonly inPlace: boolean;
}

/** What is set up on this machine, and whether it still is so. Changes nothing, takes no lock. */
export async function realServerStatus(options: SessionOptions): Promise<readonly SetupStatus[]> {
  await using session = await Session.open(options, false);
  const { host, ledger } = session;
  const result: SetupStatus[] = [];
  for (const setup of ledger.setups) {
    const items: StatusItem[] = [];
    for (const entry of ledger.entries) {
      const item = await itemOf(host, entry, setup.name);
      if (item !== undefined) items.push(item);
    }
    const inPlace = setup.complete && items.every((item) => item.inPlace);
    result.push({ setup, items, inPlace });
  }
  return result;
}

async function itemOf(
  host: Session['host'],
  { original, claims }: Entry,
  name: string,
): Promise<StatusItem | undefined> {
  const wanted = claims.find((claim) => claim.setup === name)?.setting;
  if (wanted === undefined) return undefined;
  const current = await host.read(wanted);
  return {
    subject: subjectOf(wanted),
    current: valueText(current),
    wanted: valueText(wanted),
    original: valueText(original),
    inPlace: does(current, wanted),
  };
}
