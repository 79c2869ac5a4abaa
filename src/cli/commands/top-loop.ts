import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from '../../control/client.ts';
import type { OverrideRequest } from '../../control/documents.ts';
import type { Output } from '../command-context.ts';
import type { Style } from '../output/style.ts';
import { overrideText } from './override-text.ts';
import { type Chosen, choices, type TopState, topLines } from './top-screen.ts';

export interface TopOptions {
  readonly director: Pick<ControlClient, 'status' | 'override' | 'events'>;
  readonly stdout: Output;
  readonly style: Style;
  readonly signal: AbortSignal;
  /** How often the director is asked. Default: every second. */
  readonly intervalMs?: number | undefined;
}

const sequence = '\x1b[';
// Another screen, whose lines are not broken, and no cursor.
const begin = `${sequence}?1049h${sequence}?25l${sequence}?7l`;
const end = `${sequence}?7h${sequence}?25h${sequence}?1049l`;
const mostEvents = 50;
const mostDigits = 10;

/** The live screen: asks the director again and again, draws, and does what keys say. */
export class Top {
  readonly #options: TopOptions;
  #state: TopState = {
    status: undefined,
    events: [],
    chosen: undefined,
    question: undefined,
    message: undefined,
  };
  readonly #ending = new AbortController();
  #isShown = false;

  constructor(options: TopOptions) {
    this.#options = options;
  }

  get state(): TopState {
    return this.#state;
  }

  /** Runs until a key, or the signal, ends it. @throws ControlError when no director answers at first. */
  async run(keyboard: AsyncIterable<Uint8Array>): Promise<void> {
    const { director, stdout, signal } = this.#options;
    const status = await director.status();
    this.#change({ status, chosen: choices(status)[0] });
    const stop = () => this.quit();
    signal.addEventListener('abort', stop);
    stdout.write(begin);
    this.#isShown = true;
    try {
      void this.#follow();
      void this.#listen(keyboard);
      while (!this.#isOver) {
        this.#draw();
        await this.#pause();
        if (!this.#isOver) await this.#ask();
      }
    } finally {
      this.#isShown = false;
      signal.removeEventListener('abort', stop);
      stdout.write(end);
    }
  }

  quit(): void {
    this.#ending.abort();
  }

  get #isOver(): boolean {
    return this.#ending.signal.aborted || this.#options.signal.aborted;
  }

  /** Does what a key says. */
  async press(key: string): Promise<void> {
    const { question, chosen } = this.#state;
    if (key === '\x03') return this.quit();
    if (question !== undefined) return await this.#answer(key);
    this.#change({ message: undefined });
    if (key === 'q') this.quit();
    else if (key === `${sequence}A` || key === 'k') this.#choose(-1);
    else if (key === `${sequence}B` || key === 'j') this.#choose(1);
    else if (chosen === undefined) this.#change({ message: 'there is no server to choose' });
    else if (key === 'd') this.#change({ question: { what: 'drain', typed: '' } });
    else if (key === 'w') this.#change({ question: { what: 'weight', typed: '' } });
    else if (key === 'r') await this.#override(chosen, { mode: 'ready' });
  }

  async #answer(key: string): Promise<void> {
    const { question, chosen } = this.#state;
    if (question === undefined || chosen === undefined) return;
    const { typed, what } = question;
    if (what === 'drain') {
      this.#change({ question: undefined });
      if (key === 'y') await this.#override(chosen, { mode: 'drain' });
    } else if (key === '\r' || key === '\n') {
      this.#change({ question: undefined });
      await this.#override(chosen, { weight: typed === '' ? null : Number(typed) });
    } else if (key === '\x1b') {
      this.#change({ question: undefined });
    } else if (key === '\x7f' || key === '\b') {
      this.#change({ question: { what, typed: typed.slice(0, -1) } });
    } else if (/^\d$/.test(key) && typed.length < mostDigits) {
      this.#change({ question: { what, typed: `${typed}${key}` } });
    }
  }

  async #override(
    chosen: Chosen,
    wanted: Omit<OverrideRequest, 'service' | 'server'>,
  ): Promise<void> {
    try {
      const done = await this.#options.director.override({ ...chosen, ...wanted });
      this.#change({ message: overrideText(done) });
      await this.#ask();
    } catch (error) {
      this.#change({ message: (error as Error).message });
    }
  }

  #choose(step: number): void {
    const { status, chosen } = this.#state;
    const all = choices(status);
    const at = all.findIndex(
      ({ service, server }) => service === chosen?.service && server === chosen.server,
    );
    const next = Math.min(all.length - 1, Math.max(0, at + step));
    this.#change({ chosen: all[next] });
  }

  async #ask(): Promise<void> {
    try {
      const status = await this.#options.director.status();
      const all = choices(status);
      const { chosen } = this.#state;
      const isThere = all.some(
        ({ service, server }) => service === chosen?.service && server === chosen.server,
      );
      this.#change({ status, chosen: isThere ? chosen : all[0] });
    } catch (error) {
      this.#change({ message: (error as Error).message });
    }
  }

  /** Takes in what happens, for as long as the director tells. */
  async #follow(): Promise<void> {
    while (!this.#isOver) {
      // What is told from before takes the place of what was there.
      let events: TopState['events'] = [];
      try {
        for await (const event of this.#options.director.events({ last: mostEvents })) {
          if (this.#isOver) return;
          events = [...events, event].slice(-mostEvents);
          this.#change({ events });
        }
      } catch {
        // That it does not answer is shown by the status; it may come again.
      }
      await this.#pause();
    }
  }

  async #listen(keyboard: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const pressed of keyboard) {
        for (const key of keysIn(Buffer.from(pressed).toString())) await this.press(key);
        if (this.#isOver) return;
      }
    } catch {
      // The terminal is gone, or has been given back.
    } finally {
      // Without a keyboard nobody could end it.
      this.quit();
    }
  }

  #change(change: Partial<TopState>): void {
    this.#state = { ...this.#state, ...change };
    this.#draw();
  }

  #draw(): void {
    if (!this.#isShown || this.#isOver) return;
    const { stdout, style } = this.#options;
    const size = { rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 };
    const lines = topLines(this.#state, size, style).map((line) => `${line}${sequence}K`);
    stdout.write(`${sequence}H${lines.join('\r\n')}${sequence}J`);
  }

  async #pause(): Promise<void> {
    const { intervalMs = 1000 } = this.#options;
    const { signal } = this.#ending;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The keys in what a terminal sends at a time: an arrow is one. */
export function keysIn(text: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how a terminal sends arrows
  return text.match(/\x1b\[[A-D]|./gsu) ?? [];
}
