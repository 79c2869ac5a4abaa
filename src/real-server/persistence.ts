import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeDurably } from '../system/durable-file.ts';
import type { Ledger } from './ledger.ts';
import type { Place } from './place.ts';
import { RealServerError } from './real-server-error.ts';
import { fileError } from './state-file.ts';
import { hasUnit, mountUnitName, mountUnitTarget, mountUnitText } from './storage/units.ts';

/** A file that makes setups come back when the machine starts. */
export interface FileItem {
  readonly path: string;
  readonly action: 'write' | 'remove' | 'none';
}

interface WantedFile {
  readonly path: string;
  /** Absent where there is to be none. */
  readonly text: string | undefined;
  /** A unit: the target that starts it. */
  readonly wantedBy?: string;
}

const marker = '# Written by rs-setup, which removes it with the last setup that is to persist.';

/** Services of which any one is likely on a real server; systemd passes over those that are not. */
const usualServices = ['apache2', 'caddy', 'haproxy', 'httpd', 'lighttpd', 'named', 'nginx'];

/** What is to be done about the files, for the setups of a ledger. */
export async function planFiles(
  place: Place,
  ledger: Ledger,
  launch: readonly string[],
): Promise<readonly FileItem[]> {
  const items: FileItem[] = [];
  for (const { path, text } of await wantedFiles(place, ledger, launch)) {
    const current = await readOwn(path);
    const action = current === text ? 'none' : text === undefined ? 'remove' : 'write';
    items.push({ path, action });
  }
  return items;
}

/**
 * Writes or removes the files, so that they go with the setups of a ledger.
 *
 * @returns What was done.
 * @throws RealServerError `REAL_SERVER_CONFLICT` when a file of that name is somebody else's.
 */
export async function keepFiles(
  place: Place,
  ledger: Ledger,
  launch: readonly string[],
): Promise<readonly FileItem[]> {
  const items = await planFiles(place, ledger, launch);
  const files = await wantedFiles(place, ledger, launch);
  try {
    for (const [index, { path, text }] of files.entries()) {
      if (items[index]?.action === 'remove') await rm(path, { force: true });
      if (items[index]?.action === 'write' && text !== undefined) {
        await mkdir(dirname(path), { recursive: true });
        await writeDurably(path, text, 0o644);
      }
    }
    for (const file of files) await enable(file);
  } catch (error) {
    throw error instanceof RealServerError ? error : fileError('cannot make it persist', error);
  }
  const changed = items.some(({ action }) => action !== 'none');
  if (changed && place.isSystem) await reloadSystemd();
  return items;
}

function hasPersistent({ setups }: Ledger): boolean {
  return setups.some((setup) => setup.persist);
}

async function wantedFiles(
  place: Place,
  ledger: Ledger,
  launch: readonly string[],
): Promise<readonly WantedFile[]> {
  const { sysctlFile, unitFile, netns } = place;
  const persistent = hasPersistent(ledger);
  if (persistent && unitFile === undefined) {
    throw new RealServerError('REAL_SERVER_INVALID', 'cannot make it persist', [
      `no systemd unit can be named after the network namespace ${netns}`,
    ]);
  }
  const command = [
    ...launch,
    'apply',
    '--saved',
    ...(netns === undefined ? [] : ['--netns', `${netns}`]),
  ];
  const sysctls = persistent ? sysctlText(ledger) : undefined;
  const unit = persistent ? unitText(ledger, command) : undefined;
  return [
    ...(sysctlFile === undefined ? [] : [{ path: sysctlFile, text: sysctls }]),
    ...(unitFile === undefined
      ? []
      : [{ path: unitFile, text: unit, wantedBy: 'multi-user.target' }]),
    ...(await mountUnits(place, ledger)),
  ];
}

/** A unit for each mount that is to come back, and those of ours that are wanted no more. */
async function mountUnits(place: Place, ledger: Ledger): Promise<readonly WantedFile[]> {
  const folder = place.systemdFolder;
  // A network namespace has no storage.
  if (folder === undefined) return [];
  const services = servicesAfter(ledger);
  const wanted = ledger.setups.flatMap(({ settings, persist }): readonly WantedFile[] => {
    if (settings.mode !== 'storage' || !persist || !hasUnit(settings.storage)) return [];
    const { storage } = settings;
    const path = join(folder, mountUnitName(storage['mount-point']));
    const text = mountUnitText(storage, marker, services);
    return [{ path, text, wantedBy: mountUnitTarget(storage) }];
  });
  const names = await readdir(folder).catch(() => []);
  const stale: WantedFile[] = [];
  for (const name of names.filter((one) => one.endsWith('.mount'))) {
    const path = join(folder, name);
    if (wanted.some((one) => one.path === path)) continue;
    const text = await readFile(path, 'utf8').catch(() => '');
    if (!text.startsWith(marker)) continue;
    const wantedBy = /^WantedBy=(.*)$/m.exec(text)?.[1] ?? '';
    stale.push({ path, text: undefined, wantedBy });
  }
  return [...wanted, ...stale];
}

function sysctlText({ setups, entries }: Ledger): string {
  const names = new Set(setups.filter(({ persist }) => persist).map(({ name }) => name));
  const lines = entries.flatMap(({ claims }) => {
    const setting = claims.filter((one) => names.has(one.setup)).at(-1)?.setting;
    if (setting?.kind !== 'sysctl' || setting.value === null) return [];
    // The minus keeps systemd-sysctl from failing where the interface is not there yet.
    return [`-${setting.name} = ${setting.value}`];
  });
  return `${[marker, ...lines].join('\n')}\n`;
}

/** What must not start before everything is back. */
function servicesAfter({ setups }: Ledger): readonly string[] {
  const given = setups.filter(({ persist }) => persist).flatMap(({ before }) => before);
  return [...new Set([...given, ...usualServices.map((name) => `${name}.service`)])];
}

function unitText(ledger: Ledger, command: readonly string[]): string {
  const services = servicesAfter(ledger);
  return `${marker}
[Unit]
Description=Real server of virtual services
Wants=network-online.target
After=network-online.target systemd-sysctl.service
Before=${services.join(' ')}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${command.map(quote).join(' ')}

[Install]
WantedBy=multi-user.target
`;
}

/** A word of a command line as systemd.service(5) reads it. */
function quote(word: string): string {
  const escaped = word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./@:=,+-]+$/.test(word) ? word : `"${escaped}"`;
}

/** The text of a file of ours, or undefined when there is none. */
async function readOwn(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw fileError(`cannot read ${path}`, error);
  });
  if (text === undefined || text.startsWith(marker)) return text;
  throw new RealServerError('REAL_SERVER_CONFLICT', `cannot use ${path}`, [
    'a file of that name is there and was not written by rs-setup: move it away',
  ]);
}

/** What `systemctl enable` does. */
async function enable({ path, text, wantedBy }: WantedFile): Promise<void> {
  if (wantedBy === undefined) return;
  const wanted = text !== undefined;
  const unitLink = join(dirname(path), `${wantedBy}.wants`, basename(path));
  const target = `../${basename(path)}`;
  const current = await readlink(unitLink).catch(() => undefined);
  if (wanted && current !== target) {
    await mkdir(dirname(unitLink), { recursive: true });
    await rm(unitLink, { force: true });
    await symlink(target, unitLink);
  }
  if (!wanted && current !== undefined) await rm(unitLink, { force: true });
}

/** Where systemd runs, it has to be told of new and changed units. */
async function reloadSystemd(): Promise<void> {
  try {
    await access('/run/systemd/system');
  } catch {
    return;
  }
  // Not being told, it reads them at the next start, which is what they are for.
  await new Promise<void>((resolve) => {
    execFile('systemctl', ['daemon-reload'], { timeout: 30_000 }, () => resolve());
  });
}
