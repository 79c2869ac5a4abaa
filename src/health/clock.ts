/** Where everything here takes its time from, so that tests need not wait for any to pass. */
export interface Clock {
  /** Milliseconds since some moment; they only grow, whatever is done to the machine's clock. */
  now(): number;
  /** Milliseconds since 1970, as people set them. */
  wallTime(): number;
  /** Calls back once `now()` has come to `at`; returns what calls that off. */
  schedule(at: number, callback: () => void): () => void;
}

/** The longest that a timer of Node waits; one that is to wait longer fires at once. */
const longestTimerMs = 0x7fffffff;

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  schedule(at, callback) {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      // Timers have whole milliseconds, and may fire a little early.
      const left = Math.ceil(at - performance.now());
      if (left <= 0) callback();
      else timer = setTimeout(wait, Math.min(left, longestTimerMs));
    };
    timer = setTimeout(
      wait,
      Math.min(Math.max(0, Math.ceil(at - performance.now())), longestTimerMs),
    );
    return () => clearTimeout(timer);
  },
};
