import type { ByteSink } from './context.ts';

/** Work that is over sooner shows no progress. */
const patienceMs = 500;
const intervalMs = 100;
const eraseLine = '\r\x1b[K';

/** How far a long restore is, on a terminal. */
export class Progress {
  private readonly sink: ByteSink | undefined;
  private readonly total: number | undefined;
  private read = 0;
  private due: number = performance.now() + patienceMs;
  private shown = false;

  /** @param total How many bytes there are, where that is known. */
  constructor(sink: ByteSink, total: number | undefined) {
    this.sink = sink.isTerminal ? sink : undefined;
    this.total = total;
  }

  /** @param count The bytes read since. */
  show(count: number): void {
    this.read += count;
    if (this.sink === undefined || performance.now() < this.due) return;
    this.due = performance.now() + intervalMs;
    this.shown = true;
    this.write(`${eraseLine}restoring: ${this.text()}`);
  }

  /** Makes room for something else to be said. */
  clear(): void {
    if (!this.shown) return;
    this.shown = false;
    this.write(eraseLine);
  }

  end(): void {
    this.clear();
  }

  private text(): string {
    if (this.total) return `${Math.min(100, Math.floor((this.read * 100) / this.total))}%`;
    return `${(this.read / 1e6).toFixed(1)} MB`;
  }

  private write(text: string): void {
    this.sink?.write(Buffer.from(text, 'latin1'));
  }
}
