import type { Refusals } from './network-error.ts';
import type { RouteChannel } from './route-channel.ts';
import { familyFilter } from './route-names.ts';
import type { Rule, RuleConfig, RuleFilter, RuleKey, RuleSelector } from './rule.ts';
import { decodeRule, encodeRule, encodeRuleKey } from './rule-message.ts';

const addRefusals: Refusals = {
  EEXIST: { code: 'NETWORK_EXISTS', reason: 'a rule like it is already there' },
};
const removeRefusals: Refusals = {
  ENOENT: { code: 'NETWORK_NOT_FOUND', reason: 'there is no such rule' },
};

/** The rules that decide which routing table is asked (`ip rule`). */
export class Rules {
  readonly #channel: RouteChannel;

  constructor(channel: RouteChannel) {
    this.#channel = channel;
  }

  /** For each family by rising priority, as they are asked. */
  async list(filter: RuleFilter = {}): Promise<readonly Rule[]> {
    const family = familyFilter(filter.family);
    return await this.#channel.run('cannot list the rules', async (kernel) => {
      const rules = await kernel.list('rule', { family });
      return rules
        .filter((rule) => family === 0 || rule.family === family)
        .map((rule) => decodeRule(rule));
    });
  }

  /**
   * Adds a rule.
   *
   * @throws NetworkError `NETWORK_EXISTS`, `NETWORK_INVALID`, `NETWORK_NOT_PERMITTED`.
   */
  async add(rule: RuleConfig): Promise<void> {
    const entry = encodeRule(rule);
    await this.#channel.run(`cannot add rule ${describeRule(rule)}`, (kernel) =>
      kernel.change('rule', 'add', entry, addRefusals),
    );
  }

  /**
   * Removes the first rule that is like `rule` in all that is given there.
   *
   * @throws TypeError when nothing but the family is given, NetworkError `NETWORK_NOT_FOUND`,
   * `NETWORK_NOT_PERMITTED`.
   */
  async remove(rule: RuleKey): Promise<void> {
    const entry = encodeRuleKey(rule);
    await this.#channel.run(`cannot remove rule ${describeRule(rule)}`, (kernel) =>
      kernel.change('rule', 'remove', entry, removeRefusals),
    );
  }
}

function describeRule({ priority, from, to, firewallMark }: RuleSelector): string {
  const parts = [
    ...(priority === undefined ? [] : [`${priority}:`]),
    `from ${from ?? 'all'}`,
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(firewallMark === undefined ? [] : [`fwmark ${firewallMark}`]),
  ];
  return parts.join(' ');
}
