import { NetworkError } from './network-error.ts';

/** How to load a module. */
export interface LoadModuleOptions {
  /** Where to look for `modprobe`. Default: the folders that distributions install it in. */
  readonly folders?: readonly string[] | undefined;
}

const usualFolders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin'];
const timeoutMs = 30_000;

/**
 * Has a module of the kernel loaded by `modprobe`, with those it depends on, unless it is there
 * already. Built into the kernel counts as there.
 *
 * @returns Whether it had to be loaded.
 * @throws TypeError or RangeError when the name cannot be a module's.
 * @throws {@link NetworkError} `NETWORK_UNSUPPORTED` when this kernel does not have the module or
 * this machine has no `modprobe`, `NETWORK_NOT_PERMITTED` without CAP_SYS_MODULE, as in containers,
 * `NETWORK_FAILED`, with modprobe's words, when the kernel refuses it for another reason.
 */
export async function loadModule(name: string, options: LoadModuleOptions = {}): Promise<boolean> {
  checkName(name);
  if (await isLoaded(name)) return false;
  const modprobe = await find(options.folders ?? usualFolders);
  if (modprobe === undefined) {
    throw new NetworkError(
      'NETWORK_UNSUPPORTED',
      `cannot load kernel module ${name}: there is no modprobe (install the package kmod; for a container load it on its host)`,
    );
  }
  await run(modprobe, name);
  return true;
}

function checkName(name: string): void {
  if (typeof name !== 'string') throw new TypeError('module name must be a string');
  if (!/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(name)) {
    throw new RangeError(`module name ${JSON.stringify(name)} must be letters, digits, _ and -`);
  }
}

async function isLoaded(name: string): Promise<boolean> {
  // The kernel calls every module by its name with underscores.
  return await permits(`/sys/module/${name.replaceAll('-', '_')}`, 'F_OK');
}

async function find(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = `${folder}/modprobe`;
    if (await permits(path, 'X_OK')) return path;
  }
  return undefined;
}

async function permits(path: string, mode: 'F_OK' | 'X_OK'): Promise<boolean> {
  const { access, constants } = process.getBuiltinModule('node:fs/promises');
  try {
    await access(path, constants[mode]);
    return true;
  } catch {
    return false;
  }
}

function run(modprobe: string, name: string): Promise<void> {
  // Loaded here, since most programs never come here and it costs as much as a small one of them.
  const { execFile } = process.getBuiltinModule('node:child_process');
  const env = { PATH: usualFolders.join(':'), LC_ALL: 'C' };
  return new Promise((resolve, reject) => {
    execFile(modprobe, [name], { env, timeout: timeoutMs }, (error, _output, words) => {
      if (error === null) resolve();
      else
        reject(failed(name, error.killed ? `no end after ${timeoutMs} ms` : words.trim(), error));
    });
  });
}

function failed(name: string, words: string, cause: unknown): NetworkError {
  const action = `cannot load kernel module ${name}`;
  if (/not found|no such file/i.test(words)) {
    const why = 'this kernel does not have it (install the modules that belong to it)';
    return new NetworkError('NETWORK_UNSUPPORTED', `${action}: ${why}`, { cause });
  }
  if (/not permitted|permission denied/i.test(words)) {
    const why = `that needs the capability CAP_SYS_MODULE (as root of the host: modprobe ${name})`;
    return new NetworkError('NETWORK_NOT_PERMITTED', `${action}: ${why}`, { cause });
  }
  const line = words.replaceAll(/\s*\n\s*/g, '; ') || 'modprobe does not say why';
  return new NetworkError('NETWORK_FAILED', `${action}: ${line}`, { cause });
}
