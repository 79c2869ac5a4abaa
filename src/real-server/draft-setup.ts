import type { Draft } from './draft.ts';
import { readFacts } from './facts.ts';
import type { KernelHost } from './kernel-host.ts';
import { claimedBy, type Ledger, originalSysctls } from './ledger.ts';
import { draftRealServer } from './plan.ts';
import { RealServerError } from './real-server-error.ts';
import { actionOf, type SetupSettings } from './setup-settings.ts';
import { draftStorage, mountOf } from './storage/draft.ts';
import { readStorageFacts } from './storage/facts.ts';

/** Looks at the machine, and says what it has to have for a setup. */
export async function draftSetup(
  host: KernelHost,
  ledger: Ledger,
  { name, settings, persist }: { name: string; settings: SetupSettings; persist: boolean },
): Promise<Draft> {
  const ownIds = claimedBy(ledger, name);
  if (settings.mode !== 'storage') {
    return draftRealServer(
      settings,
      await readFacts(host, settings, originalSysctls(ledger)),
      ownIds,
    );
  }
  if (!host.own) {
    throw new RealServerError('REAL_SERVER_INVALID', actionOf(settings), [
      'storage is mounted for the whole machine, a network namespace has none of its own',
    ]);
  }
  const { storage } = settings;
  const facts = await readStorageFacts(host.storage, storage);
  const { value: mounted } = await host.read(mountOf(storage));
  return draftStorage(storage, { facts, mounted, ownIds, persist });
}
