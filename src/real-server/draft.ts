import type { Setting } from './setting.ts';

/** One thing that has to be so on a real server. */
export interface Wanted {
  readonly setting: Setting;
  /** In operator's words. */
  readonly why: string;
  /** A sysctl: further values that do as well. */
  readonly accept?: readonly string[];
}

/** What makes a machine a real server, before it is compared with what is there. */
export interface Draft {
  /** In the order in which it has to be done; undone in the opposite one. */
  readonly wanted: readonly Wanted[];
  /** What the operator should know. */
  readonly notes: readonly string[];
  /** Why it cannot be; nothing may be done then. */
  readonly problems: readonly string[];
}

/** A draft while it is drawn up. */
export class DraftBuilder implements Draft {
  readonly wanted: Wanted[] = [];
  readonly notes: string[] = [];
  readonly problems: string[] = [];

  want(setting: Setting, why: string, accept?: readonly string[]): void {
    this.wanted.push({ setting, why, ...(accept === undefined ? {} : { accept }) });
  }

  sysctl(name: string, value: string, why: string, accept?: readonly string[]): void {
    this.want({ kind: 'sysctl', name, value }, why, accept);
  }
}
