import { checkBoolean, checkInteger, checkName, checkObject } from '../check.ts';
import type { NativeRule } from '../native/route.ts';
import { defined } from './defined.ts';
import { formatIp, type IpPrefix, parsePrefix } from './ip.ts';
import { checkLinkName } from './link-reference.ts';
import { nameOf } from './names.ts';
import {
  familyName,
  familyNumber,
  protocolName,
  protocolNumber,
  tableName,
  tableNumber,
} from './route-names.ts';
import type { NumberRange, Rule, RuleAction, RuleConfig, RuleKey, RuleSelector } from './rule.ts';
import { uapi } from './uapi.ts';

const actions: Readonly<Record<RuleAction, number>> = {
  lookup: uapi.FR_ACT_TO_TBL,
  goto: uapi.FR_ACT_GOTO,
  nop: uapi.FR_ACT_NOP,
  blackhole: uapi.FR_ACT_BLACKHOLE,
  unreachable: uapi.FR_ACT_UNREACHABLE,
  prohibit: uapi.FR_ACT_PROHIBIT,
};

const noLength = 0xffffffff;
const allBits = 0xffffffff;

/** A rule as the kernel sent it. */
export function decodeRule(rule: NativeRule): Rule {
  const { firewallMark = 0, firewallMask = allBits, suppressPrefixLength = noLength } = rule;
  const isMarked = firewallMark !== 0 || (rule.firewallMask !== undefined && firewallMask !== 0);
  return {
    family: familyName(rule.family),
    priority: rule.priority ?? 0,
    ...defined({
      from: prefixText(rule.from, rule.fromLength),
      to: prefixText(rule.to, rule.toLength),
      inputLink: rule.inputLink,
      outputLink: rule.outputLink,
      firewallMark: isMarked ? firewallMark : undefined,
      firewallMask: isMarked && firewallMask !== allBits ? firewallMask : undefined,
      tos: rule.tos || undefined,
      transport: rule.transport || undefined,
      sourcePorts: rule.sourcePorts,
      destinationPorts: rule.destinationPorts,
      users: rule.users,
      table: rule.action === uapi.FR_ACT_TO_TBL ? tableName(rule.table ?? 0) : undefined,
      target: rule.action === uapi.FR_ACT_GOTO ? rule.target : undefined,
      suppressPrefixLength: suppressPrefixLength === noLength ? undefined : suppressPrefixLength,
    }),
    action: nameOf(actions, rule.action),
    not: (rule.flags & uapi.FIB_RULE_INVERT) !== 0,
    protocol: protocolName(rule.protocol ?? 0),
  };
}

function prefixText(bytes: Uint8Array | undefined, length: number): string | undefined {
  return bytes && `${formatIp(bytes)}/${length}`;
}

function encodeSelector(rule: RuleSelector): Partial<NativeRule> {
  checkObject(rule, 'rule');
  const { priority, tos = 0, transport, inputLink, outputLink, firewallMark, firewallMask } = rule;
  const from = prefix(rule.from, 'rule from');
  const to = prefix(rule.to, 'rule to');
  const family = rule.family ?? from?.family ?? to?.family;
  if (family === undefined) {
    throw new TypeError('family must be given for a rule without from and to');
  }
  for (const [what, address] of Object.entries({ from, to })) {
    if (address === undefined || address.family === family) continue;
    throw new RangeError(`rule ${what} is not ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`);
  }
  if (priority !== undefined) checkInteger(priority, 0, 0xffffffff, 'rule priority');
  checkInteger(tos, 0, 255, 'rule tos');
  if (transport !== undefined) checkInteger(transport, 1, 255, 'rule transport');
  if (inputLink !== undefined) checkLinkName(inputLink, 'rule inputLink');
  if (outputLink !== undefined) checkLinkName(outputLink, 'rule outputLink');
  if (firewallMark !== undefined) checkInteger(firewallMark, 0, allBits, 'rule firewallMark');
  if (firewallMask !== undefined) {
    checkInteger(firewallMask, 1, allBits, 'rule firewallMask');
    if (firewallMark === undefined) {
      throw new TypeError('firewallMark must be given with firewallMask');
    }
  }
  return {
    family: familyNumber(family),
    fromLength: from?.length ?? 0,
    toLength: to?.length ?? 0,
    tos,
    ...defined({
      from: from?.length ? from.bytes : undefined,
      to: to?.length ? to.bytes : undefined,
      priority,
      inputLink,
      outputLink,
      firewallMark,
      firewallMask: firewallMask ?? (firewallMark === undefined ? undefined : allBits),
      transport,
      sourcePorts: range(rule.sourcePorts, 1, 65534, 'rule sourcePorts'),
      destinationPorts: range(rule.destinationPorts, 1, 65534, 'rule destinationPorts'),
      users: range(rule.users, 0, 0xfffffffe, 'rule users'),
    }),
  };
}

/** @throws TypeError when nothing but the family is given. */
export function encodeRuleKey(key: RuleKey): Partial<NativeRule> {
  const entry = encodeSelector(key);
  const { family, ...selectors } = key;
  if (Object.values(selectors).every((value) => value === undefined)) {
    throw new TypeError('something besides the family must be given of a rule to be removed');
  }
  const { table, action, protocol } = key;
  return {
    ...entry,
    ...defined({
      table: table === undefined ? undefined : tableNumber(table),
      action: action === undefined ? undefined : checkName(actions, action, 'rule action'),
      protocol: protocol === undefined ? undefined : protocolNumber(protocol),
    }),
  };
}

/** @throws TypeError or RangeError */
export function encodeRule(rule: RuleConfig): Partial<NativeRule> {
  const entry = encodeSelector(rule);
  const { target, not = false, suppressPrefixLength } = rule;
  const { action = target === undefined ? 'lookup' : 'goto' } = rule;
  checkBoolean(not, 'rule not');
  if ((target !== undefined) !== (action === 'goto')) {
    throw new RangeError('target must be given for the rule action goto, and for no other');
  }
  if (target !== undefined) checkInteger(target, 1, 0xffffffff, 'rule target');
  for (const name of ['table', 'suppressPrefixLength'] as const) {
    if (rule[name] !== undefined && action !== 'lookup') {
      throw new RangeError(`${name} has a meaning for the rule action lookup only`);
    }
  }
  if (suppressPrefixLength !== undefined) {
    checkInteger(suppressPrefixLength, 0, 128, 'rule suppressPrefixLength');
  }
  return {
    ...entry,
    action: checkName(actions, action, 'rule action'),
    flags: not ? uapi.FIB_RULE_INVERT : 0,
    protocol: protocolNumber(rule.protocol ?? 'static'),
    ...defined({
      table: action === 'lookup' ? tableNumber(rule.table ?? 'main') : undefined,
      target,
      suppressPrefixLength,
    }),
  };
}

function prefix(text: string | undefined, what: string): IpPrefix | undefined {
  return text === undefined ? undefined : parsePrefix(text, what);
}

function range(
  value: NumberRange | undefined,
  lowest: number,
  highest: number,
  what: string,
): NumberRange | undefined {
  if (value === undefined) return undefined;
  checkObject(value, what);
  checkInteger(value.first, lowest, highest, `${what} first`);
  checkInteger(value.last, value.first, highest, `${what} last`);
  return { first: value.first, last: value.last };
}
