import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, writeDurably } from '../system/durable-file.ts';
import type { Ledger } from './ledger.ts';
import { RealServerError, wordsOf } from './real-server-error.ts';

/** The ledger on disk: whole or not at all, whenever the machine or the process stops. */
export class StateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws RealServerError `REAL_SERVER_STATE` for one that cannot be understood. */
  async load(): Promise<Ledger | undefined> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw fileError(`cannot read ${this.path}`, error);
    });
    if (text === undefined) return undefined;
    try {
      const ledger = JSON.parse(text) as Partial<Ledger>;
      const isLedger =
        ledger.version === 1 && Array.isArray(ledger.setups) && Array.isArray(ledger.entries);
      if (!isLedger) throw new Error(`it is of version ${ledger.version}, not 1`);
      return ledger as Ledger;
    } catch (error) {
      throw new RealServerError('REAL_SERVER_STATE', `cannot understand ${this.path}`, [
        `${wordsOf(error)} (it says what undo goes back to; without it, move it away)`,
      ]);
    }
  }

  /** Done once it is on the disk. A ledger of nothing is no file. */
  async save(ledger: Ledger): Promise<void> {
    try {
      if (ledger.setups.length === 0 && ledger.entries.length === 0) {
        await rm(this.path, { force: true });
        await syncFolder(dirname(this.path));
      } else {
        await mkdir(dirname(this.path), { recursive: true });
        await writeDurably(this.path, `${JSON.stringify(ledger, undefined, 1)}\n`, 0o644);
      }
    } catch (error) {
      throw fileError(`cannot write ${this.path}`, error);
    }
  }
}

/** The error of a file that cannot be used. */
export function fileError(action: string, error: unknown): RealServerError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') {
    return new RealServerError(
      'REAL_SERVER_NOT_PERMITTED',
      action,
      ['permission denied (run it as root)'],
      { cause: error },
    );
  }
  const reason = code === 'EROFS' ? 'the file system is read-only' : wordsOf(error);
  return new RealServerError('REAL_SERVER_STATE', action, [reason], { cause: error });
}
