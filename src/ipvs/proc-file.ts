import { errnoName, errnoNumber } from '../errors.ts';
import { isNativeError, type NativeNamespace } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';
import type { NativeDescriptor } from '../native/system.ts';
import { IpvsError, type IpvsErrorCode, readError } from './ipvs-error.ts';
import { LineError } from './line-error.ts';

/** The files of IPVS in /proc/net. */
export type ProcFileName =
  | 'ip_vs'
  | 'ip_vs_conn'
  | 'ip_vs_conn_sync'
  | 'ip_vs_stats'
  | 'ip_vs_stats_percpu'
  | 'ip_vs_status';

/**
 * Called when a file is opened, and not before, for the namespace to open it in; it throws when
 * there is none any more.
 */
export type NamespaceSource = () => NativeNamespace | undefined;

/** A file of /proc/net that is read off the main thread. Collected unclosed, it closes itself. */
export class ProcFile {
  readonly #descriptor: NativeDescriptor;
  #reading: Promise<unknown> = Promise.resolve();

  private constructor(descriptor: NativeDescriptor) {
    this.#descriptor = descriptor;
  }

  static async open(name: ProcFileName, netns: NamespaceSource): Promise<ProcFile> {
    // Of the thread, since it is a thread that enters the namespace, and not the process.
    return new ProcFile(await loadAddon().openFile(`/proc/thread-self/net/${name}`, netns()));
  }

  /** Fills the buffer; resolves to the count of bytes, less than it holds at the end of the file. */
  read(buffer: Uint8Array): Promise<number> {
    const size = this.#descriptor.read(buffer);
    // Whoever asked hears of a failure; here it only counts that the call is over.
    this.#reading = size.catch(() => undefined);
    return size;
  }

  /** Resolves when the file is closed, which is after a call under way. */
  async close(): Promise<void> {
    await this.#reading;
    this.#descriptor.close();
  }
}

/** A small file whole. */
export async function readProcFile(name: ProcFileName, netns: NamespaceSource): Promise<string> {
  const file = await ProcFile.open(name, netns);
  try {
    let text = '';
    const buffer = Buffer.allocUnsafe(16_384);
    for (;;) {
      const count = await file.read(buffer);
      if (count === 0) return text;
      text += buffer.toString('latin1', 0, count);
    }
  } finally {
    await file.close();
  }
}

/** Whether a failure to open says that the kernel has no such file, which is not for want of a namespace. */
export function isMissingProcFile(error: unknown): boolean {
  return openingFailed(error, 'ENOENT');
}

function openingFailed(error: unknown, name: 'ENOENT' | 'EACCES'): boolean {
  return isNativeError(error) && error.syscall === 'openat' && error.errno === errnoNumber(name);
}

/** The error for a file that could not be opened, read or understood. */
export function procError(error: unknown, what: string, name: ProcFileName): unknown {
  const path = `/proc/net/${name}`;
  if (error instanceof LineError) {
    return new IpvsError('IPVS_UNKNOWN_FORMAT', `cannot ${what}: ${error.message} of ${path}`, {
      cause: error,
    });
  }
  if (!isNativeError(error)) return error;
  const { errno } = error;
  const refused = (code: IpvsErrorCode, because: string) =>
    new IpvsError(code, `cannot ${what}: ${because}`, { errno, cause: error });
  if (isMissingProcFile(error)) {
    return refused('IPVS_NOT_AVAILABLE', `there is no ${path}; the module ip_vs is not loaded`);
  }
  if (openingFailed(error, 'EACCES')) {
    return refused('IPVS_NOT_PERMITTED', `only root may read ${path}`);
  }
  if (error.syscall === 'read') {
    return refused('IPVS_FAILED', `reading ${path} failed with ${errnoName(errno)}`);
  }
  return readError(error, what);
}
