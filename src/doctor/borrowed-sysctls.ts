import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NetworkError } from '../net/network-error.ts';
import type { Sysctl } from '../net/sysctl.ts';
import { currentEpoch, type PlaceOptions, placeOf } from '../real-server/place.ts';
import { writeDurably } from '../system/durable-file.ts';

interface Loan {
  readonly version: 1;
  readonly epoch: string;
  /** What they were, and what they are meanwhile. */
  readonly sysctls: Readonly<Record<string, { readonly from: string; readonly to: string }>>;
}

/**
 * Sysctls that are other than they were for a moment. What they were is on disk before the first is
 * changed, so that the next run puts back what one that was killed has left behind.
 */
export class BorrowedSysctls {
  readonly #sysctl: Sysctl;
  readonly #file: string;
  readonly #epoch: string;
  #loan: Loan;

  private constructor(sysctl: Sysctl, file: string, epoch: string, loan: Loan | undefined) {
    this.#sysctl = sysctl;
    this.#file = file;
    this.#epoch = epoch;
    this.#loan = loan ?? { version: 1, epoch, sysctls: {} };
  }

  /** Whoever opens them has to have the lock, so that what is on disk is nobody's any more. */
  static async open(sysctl: Sysctl, place: PlaceOptions): Promise<BorrowedSysctls> {
    const { netns, root = '/' } = place;
    const suffix = netns === undefined ? '' : `@${encodeURIComponent(String(netns))}`;
    const file = join(root, `run/lvskit/doctor${suffix}.json`);
    const epoch = await currentEpoch(placeOf(place));
    const left = await readLoan(file);
    const borrowed = new BorrowedSysctls(
      sysctl,
      file,
      epoch,
      left?.epoch === epoch ? left : undefined,
    );
    if (left !== undefined) await borrowed.giveBack();
    return borrowed;
  }

  async borrow(names: readonly string[], to: string): Promise<void> {
    const sysctls: Record<string, { from: string; to: string }> = {};
    for (const name of names) {
      const from = await this.#sysctl.read(name);
      if (from !== to) sysctls[name] = { from, to };
    }
    if (Object.keys(sysctls).length === 0) return;
    this.#loan = { version: 1, epoch: this.#epoch, sysctls };
    await mkdir(dirname(this.#file), { recursive: true });
    await writeDurably(this.#file, `${JSON.stringify(this.#loan)}\n`, 0o644);
    for (const name of Object.keys(sysctls)) await this.#sysctl.write(name, to);
  }

  /** Puts back what nobody else has changed meanwhile. Twice is no error. */
  async giveBack(): Promise<void> {
    for (const [name, { from, to }] of Object.entries(this.#loan.sysctls)) {
      try {
        if ((await this.#sysctl.read(name)) === to) await this.#sysctl.write(name, from);
      } catch (error) {
        // It went with its link.
        if (!(error instanceof NetworkError && error.code === 'NETWORK_NOT_FOUND')) throw error;
      }
    }
    this.#loan = { version: 1, epoch: this.#epoch, sysctls: {} };
    await rm(this.#file, { force: true });
  }
}

async function readLoan(file: string): Promise<Loan | undefined> {
  try {
    const loan = JSON.parse(await readFile(file, 'utf8')) as Partial<Loan>;
    return loan.version === 1 && typeof loan.sysctls === 'object' ? (loan as Loan) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
