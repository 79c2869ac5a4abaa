import { UnsupportedError } from '../errors.ts';
import { NetworkError } from '../net/network-error.ts';
import type { Wanted } from './draft.ts';
import type { KernelHost } from './kernel-host.ts';
import { isSatisfied, type PlanItem, planItem } from './plan.ts';
import { RealServerError, type RealServerErrorCode, wordsOf } from './real-server-error.ts';
import { does, type Setting } from './setting.ts';
import { subjectOf, valueText } from './setting-text.ts';

/** Changes to a machine, kept in mind to be taken back. */
export class Changes {
  readonly #host: KernelHost;
  readonly #before: Setting[] = [];

  constructor(host: KernelHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#before.length;
  }

  /**
   * Changes one thing, and looks whether it is so then.
   *
   * @returns What could not be helped, in words.
   */
  async make(current: Setting, target: Setting): Promise<string | undefined> {
    this.#before.push(current);
    const words = await this.#host.write(target);
    if (words !== undefined) return words;
    const now = await this.#host.read(target);
    const vanished = target.kind === 'sysctl' && now.value === null;
    if (!does(now, target) && !vanished) {
      throw new RealServerError('REAL_SERVER_FAILED', `cannot change ${subjectOf(target)}`, [
        `it is ${valueText(now)} right after it was made ${valueText(target)}: something else on this machine sets it`,
      ]);
    }
    return undefined;
  }

  /** Makes everything as it was, the last first. @returns What could not be taken back. */
  async takeBack(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const before of this.#before.splice(0).reverse()) {
      try {
        const now = await this.#host.read(before);
        const words = does(now, before) ? undefined : await this.#host.write(before);
        if (words !== undefined) left.push(words);
      } catch (error) {
        left.push(wordsOf(error));
      }
    }
    return left;
  }
}

export interface MakeOptions {
  /** Awaited before each thing that is wanted, with what it is now: for keeping it in mind. */
  readonly record?: ((wanted: Wanted, current: Setting) => Promise<void>) | undefined;
  /** Told when a thing is as wanted, whether it had to be changed or not. */
  readonly onItem?: ((item: PlanItem) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes everything that is wanted so, in order. It keeps what it changed in `changes`. */
export async function makeSo(
  host: KernelHost,
  changes: Changes,
  wanted: readonly Wanted[],
  { record, onItem, signal }: MakeOptions = {},
): Promise<void> {
  for (const one of wanted) {
    signal?.throwIfAborted();
    const current = await host.read(one.setting);
    await record?.(one, current);
    if (!isSatisfied(current, one)) await changes.make(current, one.setting);
    await onItem?.(planItem(current, one));
  }
}

/**
 * Finds out, without changing anything, whether sysctls may be changed: in many containers
 * /proc/sys is read-only, for root too.
 */
export async function tryRights(host: KernelHost, items: readonly PlanItem[]): Promise<void> {
  const first = items.find(({ setting, changes }) => changes && setting.kind === 'sysctl');
  if (first === undefined) return;
  const current = await host.read(first.setting);
  if (current.value !== null) await host.write(current);
}

/** What a failure came to. */
export interface Failure {
  readonly error: RealServerError;
  /** Whether everything is as it was before. */
  readonly clean: boolean;
}

/** Takes back what was changed, and says so in the error of what failed. */
export async function failure(action: string, error: unknown, changes: Changes): Promise<Failure> {
  const { count } = changes;
  const left = await changes.takeBack();
  const outcome =
    count === 0
      ? 'nothing was changed'
      : left.length === 0
        ? 'what this run had changed was taken back'
        : 'not everything that this run had changed could be taken back';
  const problems =
    left.length === 0 ? [`${wordsOf(error)}; ${outcome}`] : [wordsOf(error), outcome, ...left];
  const failed = new RealServerError(codeOf(error), action, problems, { cause: error });
  return { error: failed, clean: left.length === 0 };
}

function codeOf(error: unknown): RealServerErrorCode {
  if (error instanceof RealServerError) return error.code;
  if (error instanceof UnsupportedError) return 'REAL_SERVER_UNSUPPORTED';
  if (error instanceof NetworkError) {
    if (error.code === 'NETWORK_NOT_PERMITTED') return 'REAL_SERVER_NOT_PERMITTED';
    if (error.code === 'NETWORK_UNSUPPORTED') return 'REAL_SERVER_UNSUPPORTED';
  }
  return 'REAL_SERVER_FAILED';
}
