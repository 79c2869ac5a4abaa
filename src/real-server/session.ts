import { KernelHost } from './kernel-host.ts';
import { emptyLedger, type Ledger, rebase } from './ledger.ts';
import { acquireLock, type LockOptions } from './lock.ts';
import { currentEpoch, type Place, type PlaceOptions, placeOf } from './place.ts';
import type { Setting } from './setting.ts';
import { StateFile } from './state-file.ts';
import type { StorageHostOptions } from './storage/storage-host.ts';

export interface SessionOptions extends PlaceOptions, LockOptions {
  /** How long storage may take, and where the programs are that mount it. */
  readonly storage?: StorageHostOptions | undefined;
}

/** One run's hold on a machine: its kernel, its ledger, and, unless it only looks, the lock. */
export class Session implements AsyncDisposable {
  readonly place: Place;
  readonly host: KernelHost;
  /** As it is, or is about to be, on disk. */
  ledger: Ledger;
  readonly #file: StateFile;
  readonly #release: () => void;
  #saved: Ledger;

  private constructor(
    place: Place,
    host: KernelHost,
    file: StateFile,
    ledger: { readonly saved: Ledger; readonly current: Ledger },
    release: () => void,
  ) {
    this.place = place;
    this.host = host;
    this.ledger = ledger.current;
    this.#file = file;
    this.#saved = ledger.saved;
    this.#release = release;
  }

  /** @param exclusive Whether anything is to be changed. */
  static async open(options: SessionOptions, exclusive: boolean): Promise<Session> {
    const place = placeOf(options);
    const host = await KernelHost.open(place.netns, options.storage);
    let release = () => {};
    try {
      if (exclusive) release = (await acquireLock(place.lockFile, options)).release;
      const file = new StateFile(place.stateFile);
      const epoch = await currentEpoch(place);
      const saved = (await file.load()) ?? emptyLedger(epoch);
      const current = saved.epoch === epoch ? saved : await rebased(saved, epoch, host);
      return new Session(place, host, file, { saved, current }, release);
    } catch (error) {
      release();
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has the ledger on disk, if it is not there already. */
  async save(): Promise<void> {
    if (this.ledger === this.#saved) return;
    await this.#file.save(this.ledger);
    this.#saved = this.ledger;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    await this.host[Symbol.asyncDispose]();
  }
}

async function rebased(ledger: Ledger, epoch: string, host: KernelHost): Promise<Ledger> {
  const currents: Setting[] = [];
  for (const { original } of ledger.entries) currents.push(await host.read(original));
  return rebase(ledger, epoch, currents);
}
