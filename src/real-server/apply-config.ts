import { readFile, realpath } from 'node:fs/promises';
import { ConfigDocument } from '../config/document.ts';
import { loadConfig } from '../config/load.ts';
import { type ApplyOptions, type ApplyResult, applyRealServer, knownSetups } from './apply.ts';
import { type FromDirector, settingsFromDirector } from './from-director.ts';
import { bare } from './interfaces.ts';
import { KernelHost } from './kernel-host.ts';
import { RealServerError } from './real-server-error.ts';
import { settingId } from './setting.ts';
import type { RealServerSettings } from './settings.ts';
import { nameOfSetup, type SetupSettings } from './setup-settings.ts';
import { readSetups, storageSetups } from './setups-file.ts';
import { fileError } from './state-file.ts';
import { mountOf } from './storage/draft.ts';
import { type UndoResult, undoRealServer } from './undo.ts';

export interface ConfigResult {
  readonly applied: readonly ApplyResult[];
  /** Setups that the file asked for before, and does not any more. */
  readonly undone: UndoResult | undefined;
  readonly notes: readonly string[];
}

/**
 * Makes this machine what a file says: its own (`setups:`), or that of the director (`services:`), in
 * which it finds itself by its addresses. What the same file asked for before and does not any more is
 * undone.
 *
 * @param given Settings that the director's file has not, such as the gateway of NAT.
 * @throws ConfigError, RealServerError, NetworkError.
 */
export async function applyConfig(
  file: string,
  given: Partial<RealServerSettings>,
  options: Omit<ApplyOptions, 'name' | 'origin'>,
): Promise<ConfigResult> {
  const { setups, notes } = await readWanted(file, given, (vips) => ownAddresses(options, vips));
  const origin = await realpath(file);
  const names = setups.map(({ name, settings }) => name ?? nameOfSetup(settings));
  const repeated = names.filter((name, index) => names.indexOf(name) < index);
  if (repeated.length > 0) {
    throw new RealServerError(
      'REAL_SERVER_INVALID',
      `cannot use ${file}`,
      repeated.map((name) => `more than one setup is called ${name}`),
    );
  }
  const known = await knownSetups(options);
  const moved = (name: string, settings: SetupSettings) =>
    settings.mode === 'storage' &&
    setups.some((one, at) => names[at] === name && isElsewhere(one.settings, settings));
  const stale = known.filter(
    ({ name, settings, ...setup }) =>
      setup.origin === origin && (!names.includes(name) || moved(name, settings)),
  );
  // First, since what is given up here may be wanted in another way there.
  const undone =
    stale.length === 0
      ? undefined
      : await undoRealServer({ ...options, names: stale.map(({ name }) => name) });
  const applied: ApplyResult[] = [];
  for (const [index, { settings }] of setups.entries()) {
    applied.push(await applyRealServer(settings, { ...options, name: names[index], origin }));
  }
  return { applied, undone, notes };
}

/** Whether storage of one name is to be from another source, or in another place. */
function isElsewhere(wanted: SetupSettings, known: SetupSettings): boolean {
  if (wanted.mode !== 'storage' || known.mode !== 'storage') return wanted.mode !== known.mode;
  return settingId(mountOf(wanted.storage)) !== settingId(mountOf(known.storage));
}

/**
 * What a file asks for.
 *
 * @param own Finds the addresses of the server in question, for the director's file, whose VIPs it is
 * told.
 */
export async function readWanted(
  file: string,
  given: Partial<RealServerSettings>,
  own: (vips: readonly string[]) => Promise<readonly string[]>,
): Promise<FromDirector> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(`cannot read ${file}`, error);
  });
  const document = new ConfigDocument(text, file);
  const { value } = document;
  const has = (key: string) => typeof value === 'object' && value !== null && key in value;
  const isOwn = has('setups') || (has('storage') && !has('services'));
  if (isOwn) return { setups: await readSetups(document, file, () => own([])), notes: [] };
  const { services, storage = [] } = await loadConfig(file);
  const vips = services.map(({ service: { key } }) => ('address' in key ? key.address : ''));
  const addresses = await own(vips);
  const { setups, notes } = settingsFromDirector(file, services, addresses, given);
  // Last, so that a dead server keeps no VIP away.
  return { setups: [...setups, ...storageSetups(storage, addresses)], notes };
}

async function ownAddresses(
  { netns }: Pick<ApplyOptions, 'netns'>,
  vips: readonly string[],
): Promise<readonly string[]> {
  await using host = await KernelHost.open(netns);
  const addresses = await host.network.addresses.list();
  return addresses
    .filter(({ scope, link }) => scope === 'global' && link !== 'lo')
    .map(bare)
    .filter((address) => !vips.includes(address));
}
