import type { Output } from '../command-context.ts';

/** How far long work is, in one line that goes away at its end. */
export interface Progress {
  readonly show: (done: number, all: number) => void;
  readonly end: () => void;
}

/** Less work than this is over before anybody could read it. */
const worthShowing = 20_000;
const eraseLine = '\r\x1b[K';

/**
 * Shows progress on a terminal, and nothing anywhere else.
 *
 * @param least Less than this is not shown.
 */
export function progressOn(output: Output, what: string, least: number = worthShowing): Progress {
  let shown = false;
  return {
    show: (done, all) => {
      if (output.isTTY !== true || all < least) return;
      shown = true;
      output.write(`${eraseLine}${done} of ${all} ${what}`);
    },
    end: () => {
      if (shown) output.write(eraseLine);
    },
  };
}
