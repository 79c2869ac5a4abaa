import { readFacts } from './facts.ts';
import type { KernelHost } from './kernel-host.ts';
import { Changes, failure, type MakeOptions, makeSo } from './make.ts';
import { draftRealServer } from './plan.ts';
import { RealServerError } from './real-server-error.ts';
import { checkSettings, modeNames, type RealServerSettings } from './settings.ts';

/**
 * Makes a namespace a real server without keeping in mind what it was before: for one that ends
 * with whoever made it. Half-way it takes back what it did.
 *
 * @throws RealServerError
 */
export async function provision(
  host: KernelHost,
  settings: RealServerSettings,
  options: Pick<MakeOptions, 'onItem' | 'signal'> = {},
): Promise<void> {
  const checked = checkSettings(settings);
  const draft = draftRealServer(checked, await readFacts(host, checked));
  const action = `cannot set up ${modeNames[checked.mode]}`;
  if (draft.problems.length > 0) {
    throw new RealServerError('REAL_SERVER_CONFLICT', action, draft.problems);
  }
  const changes = new Changes(host);
  try {
    await makeSo(host, changes, draft.wanted, options);
  } catch (error) {
    throw (await failure(action, error, changes)).error;
  }
}
