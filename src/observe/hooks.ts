import { isDeepStrictEqual } from 'node:util';
import type { HookSettings } from '../config/hooks.ts';
import type { DirectorEvent } from './director-event.ts';
import { runHookProgram } from './hook-program.ts';
import type { Operations } from './operations.ts';
import { postEvent } from './webhook.ts';

/** Tells one of an event. @throws Error with the reason why it was not told. */
export type TellHook<Hook> = (
  hook: Hook,
  event: DirectorEvent,
  signal: AbortSignal,
) => Promise<void>;

export interface HooksOptions {
  readonly hooks: readonly HookSettings[];
  /** Told, not too often, of hooks that fail. */
  readonly onTrouble: (reason: string) => void;
  readonly tell?: TellHook<HookSettings> | undefined;
}

/** What is under way may take so much longer. */
const usualPatienceMs = 1000;
/** So many events may wait for a hook. */
const mostWaiting = 256;

/**
 * Tells programs and addresses of what happens: each of its own events, one after the other, in the
 * order in which they happened. The director waits for none of them.
 */
export class Hooks {
  readonly #newLine: (hook: HookSettings) => HookLine;
  /** Those that were told until the configuration had others. */
  readonly #leaving = new Set<Promise<void>>();
  #lines: readonly HookLine[];
  #unsubscribe: (() => void) | undefined;

  constructor({ hooks, onTrouble, tell = tellHook }: HooksOptions) {
    this.#newLine = (hook) => new HookLine(hook, tell, onTrouble);
    this.#lines = hooks.map(this.#newLine);
  }

  /** Has these told from now on. One that stays goes on with what waits for it. */
  set(hooks: readonly HookSettings[]): void {
    const before = new Set(this.#lines);
    this.#lines = hooks.map((hook) => {
      const same = [...before].find((line) => isDeepStrictEqual(line.hook, hook));
      if (same === undefined) return this.#newLine(hook);
      before.delete(same);
      return same;
    });
    for (const line of before) {
      const leaving: Promise<void> = line.close(usualPatienceMs).finally(() => {
        this.#leaving.delete(leaving);
      });
      this.#leaving.add(leaving);
    }
  }

  attach(operations: Operations): void {
    this.#unsubscribe = operations.subscribe((event) => {
      for (const line of this.#lines) line.take(event);
    });
  }

  /** Ends; what is under way is given a moment to be done. */
  async close(patienceMs: number = usualPatienceMs): Promise<void> {
    this.#unsubscribe?.();
    const closing = this.#lines.map((line) => line.close(patienceMs));
    await Promise.all([...closing, ...this.#leaving]);
  }
}

/** The events of one hook, one after the other. */
class HookLine {
  readonly hook: HookSettings;
  readonly #tell: TellHook<HookSettings>;
  readonly #onTrouble: (reason: string) => void;
  readonly #ending = new AbortController();
  #waiting: DirectorEvent[] = [];
  #work: Promise<void> | undefined;
  #lost = 0;
  /** Whether it failed the last time: what goes on is told once. */
  #fails = false;

  constructor(
    hook: HookSettings,
    tell: TellHook<HookSettings>,
    onTrouble: (reason: string) => void,
  ) {
    this.hook = hook;
    this.#tell = tell;
    this.#onTrouble = onTrouble;
  }

  take(event: DirectorEvent): void {
    if (!this.hook.events.has(event.event) || this.#ending.signal.aborted) return;
    if (this.#waiting.length >= mostWaiting) {
      this.#lost++;
      return;
    }
    this.#waiting.push(event);
    this.#work ??= this.#tellAll();
  }

  async close(patienceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#ending.abort(), patienceMs);
    await this.#work;
    clearTimeout(timer);
    this.#ending.abort();
  }

  async #tellAll(): Promise<void> {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      if (this.#ending.signal.aborted) break;
      await this.#tellOne(event);
    }
    this.#work = undefined;
  }

  async #tellOne(event: DirectorEvent): Promise<void> {
    const { timeoutMs } = this.hook;
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      await this.#tell(this.hook, event, signal);
      this.#fails = false;
    } catch (error) {
      const isLate = signal.aborted && !this.#ending.signal.aborted;
      const reason = isLate ? `not done within ${timeoutMs / 1000}s` : (error as Error).message;
      this.#fail(event, reason);
    }
    if (this.#lost === 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#onTrouble(`${nameOf(this.hook)} is too slow: it was not told of ${lost} events`);
  }

  #fail(event: DirectorEvent, reason: string): void {
    if (this.#fails) return;
    this.#fails = true;
    // A hook that is told of trouble, and fails, must not go round in a circle.
    if (event.event === 'trouble') return;
    this.#onTrouble(`${nameOf(this.hook)} was not told of ${event.event}: ${reason}`);
  }
}

function nameOf(hook: HookSettings): string {
  return hook.kind === 'exec' ? `hook ${hook.command[0]}` : `hook ${new URL(hook.url).origin}`;
}

async function tellHook(
  hook: HookSettings,
  event: DirectorEvent,
  signal: AbortSignal,
): Promise<void> {
  if (hook.kind === 'exec') await runHookProgram(hook, event, signal);
  else await postEvent(hook, event, signal);
}
