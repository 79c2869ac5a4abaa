/** What an agent on the server has said of it, as HAProxy's agent-check has it. */
export interface AgentState {
  /** Its share of the weight that is configured, in percent; undefined when none was named. */
  readonly percent?: number | undefined;
  /** The weight itself; stands before `percent`. */
  readonly weight?: number | undefined;
  readonly mode: 'ready' | 'drain' | 'maint';
  readonly up: boolean;
  /** Its own words for why it is down. */
  readonly reason?: string | undefined;
}

/** Before an agent has said anything. */
export const silentAgent: AgentState = { mode: 'ready', up: true };

/** What a line of an agent changes. */
export interface AgentReply {
  readonly change: Partial<AgentState>;
  /** Words that mean nothing here, at most a few. */
  readonly unknown: readonly string[];
}

const longestReason = 256;
const mostUnknown = 4;
const maxWeight = 0x7fffffff;

/**
 * Reads what an agent answered: words between blanks and commas, up to the end of the first line.
 *
 * `75%` and `weight:75%` set the share, `weight:3` the weight; `ready`, `drain` and `maint` the
 * mode; `up`, and `down`, `fail`, `failed` or `stopped`, with `#why` after it, whether it works.
 * `maxconn:` is passed over: the kernel has thresholds, and they are not the agent's.
 */
export function parseAgentReply(text: string): AgentReply {
  const line = /^[^\r\n\0]*/.exec(text.trimStart())?.[0] ?? '';
  const hash = line.indexOf('#');
  const words = (hash < 0 ? line : line.slice(0, hash)).split(/[\s,]+/);
  const reason =
    hash < 0
      ? undefined
      : line
          .slice(hash + 1)
          .trim()
          .slice(0, longestReason);
  let change: Partial<AgentState> = {};
  const unknown: string[] = [];
  for (const word of words) {
    if (word === '') continue;
    const meaning = meaningOf(word.toLowerCase(), reason);
    if (meaning !== undefined) change = { ...change, ...meaning };
    else if (unknown.length < mostUnknown) unknown.push(word.slice(0, 32));
  }
  return { change, unknown };
}

/** What is known of an agent after it has answered once more. */
export function afterReply(state: AgentState, { change }: AgentReply): AgentState {
  return { ...state, ...change };
}

/** Whether an agent has said the same, in effect. */
export function sameAgent(one: AgentState, other: AgentState): boolean {
  return (
    one.mode === other.mode &&
    one.up === other.up &&
    one.percent === other.percent &&
    one.weight === other.weight &&
    one.reason === other.reason
  );
}

/** What a weight becomes by what an agent said. A share above nothing leaves at least 1. */
export function agentWeight(configured: number, { weight, percent }: AgentState): number {
  if (weight !== undefined) return weight;
  if (percent === undefined) return configured;
  if (percent === 0 || configured === 0) return 0;
  return Math.min(maxWeight, Math.max(1, Math.round((configured * percent) / 100)));
}

function meaningOf(word: string, reason: string | undefined): Partial<AgentState> | undefined {
  switch (word) {
    case 'ready':
    case 'drain':
    case 'maint':
      return { mode: word };
    case 'up':
      return { up: true, reason: undefined };
    case 'down':
    case 'fail':
    case 'failed':
    case 'stopped':
      return { up: false, reason: reason ?? word };
  }
  if (/^maxconn:\d+$/.test(word)) return {};
  const number = /^(weight:)?(\d{1,10})(%)?$/.exec(word);
  if (number === null) return undefined;
  const [, named, digits, percent] = number;
  const value = Number(digits);
  if (percent !== undefined) {
    return value <= 100_000 ? { percent: value, weight: undefined } : undefined;
  }
  return named !== undefined && value <= maxWeight
    ? { weight: value, percent: undefined }
    : undefined;
}
