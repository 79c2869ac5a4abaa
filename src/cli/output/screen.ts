import type { Output } from '../command-context.ts';

const sequence = '\x1b[';
const clear = `${sequence}2J`;
const home = `${sequence}H`;
const clearLine = `${sequence}K`;
const clearBelow = `${sequence}J`;
// Lines are cut at the edge, since one that goes on below would push the others down.
const begin = `${sequence}?25l${sequence}?7l`;
const end = `${sequence}?7h${sequence}?25h`;
const fallbackRows = 24;

/**
 * Shows one text after the other: on a terminal in place, as much of it as there is room for; anywhere
 * else below each other, with an empty line between.
 */
export class Screen {
  readonly #output: Output;
  #shown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  show(lines: readonly string[]): void {
    const first = !this.#shown;
    this.#shown = true;
    if (this.#output.isTTY !== true) {
      this.#output.write(`${first ? '' : '\n'}${lines.join('\n')}\n`);
      return;
    }
    const shown = cut(lines, this.#output.rows ?? fallbackRows);
    const text = shown.map((line) => `${line}${clearLine}\n`).join('');
    this.#output.write(`${first ? begin + clear : ''}${home}${text}${clearBelow}`);
  }

  /** Gives the terminal back as it was, with what was shown last still there. */
  leave(): void {
    if (this.#shown && this.#output.isTTY === true) this.#output.write(end);
  }
}

/** The line behind the last one is the cursor's. */
function cut(lines: readonly string[], rows: number): readonly string[] {
  const room = Math.max(1, rows - 1);
  if (lines.length <= room) return lines;
  const shown = lines.slice(0, room - 1);
  return [...shown, `(${lines.length - shown.length} more lines)`];
}
