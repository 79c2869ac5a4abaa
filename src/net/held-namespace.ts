import type { NativeNamespace } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';
import type { NativeDescriptor } from '../native/system.ts';
import { type NamespaceReference, namespaceArgument } from './namespace-reference.ts';

/**
 * A network namespace that stays this one whatever becomes of the name or the descriptor that it
 * was found by. Collected unclosed, it closes itself.
 */
export class HeldNamespace {
  readonly #descriptor: NativeDescriptor | undefined;

  private constructor(descriptor: NativeDescriptor | undefined) {
    this.#descriptor = descriptor;
  }

  /**
   * Without a reference it is the process's own, which needs no holding. What is opened is not yet
   * known to be a namespace: that shows when it is entered.
   *
   * @throws TypeError, RangeError for what can name no namespace.
   * @throws NativeError (`openat`)
   */
  static async open(reference: NamespaceReference | undefined): Promise<HeldNamespace> {
    const argument = namespaceArgument(reference);
    if (argument === undefined) return new HeldNamespace(undefined);
    const path = typeof argument === 'number' ? `/proc/thread-self/fd/${argument}` : argument;
    return new HeldNamespace(await loadAddon().openFile(path, undefined));
  }

  /** What the addon is handed for it. */
  get argument(): NativeNamespace | undefined {
    return this.#descriptor?.number();
  }

  close(): void {
    this.#descriptor?.close();
  }
}
