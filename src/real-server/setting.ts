import { isDeepStrictEqual } from 'node:util';
import type { AddressFamily } from '../net/ip.ts';
import type { RouteConfig } from '../net/route.ts';
import type { RouteTable } from '../net/route-names.ts';
import type { RuleConfig } from '../net/rule.ts';
import type { TunnelKind, TunnelSettings } from '../net/tunnel.ts';
import { mountDoes, type StorageSetting, storageSettingId } from './storage/setting.ts';

/** What a link is made as. */
export interface LinkShape {
  readonly kind: 'dummy' | TunnelKind | (string & {});
  readonly tunnel?: TunnelSettings;
}

/** What an address is added with. */
export interface AddressShape {
  /** IPv4. */
  readonly label?: string;
}

/** A route besides what it is known by. */
export type RouteShape = Omit<RouteConfig, 'destination' | 'family' | 'table' | 'metric' | 'tos'>;

export interface SysctlSetting {
  readonly kind: 'sysctl';
  readonly name: string;
  readonly value: string | null;
}

export interface LinkSetting {
  readonly kind: 'link';
  readonly name: string;
  readonly value: LinkShape | null;
}

export interface LinkStateSetting {
  readonly kind: 'link-state';
  readonly link: string;
  readonly value: 'up' | 'down' | null;
}

export interface AddressSetting {
  readonly kind: 'address';
  readonly link: string;
  /** With its length. */
  readonly address: string;
  readonly value: AddressShape | null;
}

export interface RouteSetting {
  readonly kind: 'route';
  readonly family: AddressFamily;
  readonly destination: string;
  readonly table: RouteTable;
  readonly metric: number;
  readonly value: RouteShape | null;
}

export interface RuleSetting {
  readonly kind: 'rule';
  readonly rule: RuleConfig & { readonly family: AddressFamily };
  readonly value: 'present' | null;
}

export interface FouSetting {
  readonly kind: 'fou';
  readonly family: AddressFamily;
  readonly port: number;
  readonly value: 'fou' | 'gue' | null;
}

/**
 * One thing of the kernel and the value it has, had or is to have; null where it is not there. All
 * of it can be written as JSON.
 */
export type Setting =
  | SysctlSetting
  | LinkSetting
  | LinkStateSetting
  | AddressSetting
  | RouteSetting
  | RuleSetting
  | FouSetting
  | StorageSetting;

/** What the thing is known by, the same for every value of it. */
export function settingId(setting: Setting): string {
  switch (setting.kind) {
    case 'sysctl':
      return `sysctl ${setting.name}`;
    case 'link':
      return `link ${setting.name}`;
    case 'link-state':
      return `link-state ${setting.link}`;
    case 'address':
      return `address ${setting.address} ${setting.link}`;
    case 'route':
      return `route ${setting.family} ${setting.table} ${setting.destination} ${setting.metric}`;
    case 'rule':
      return `rule ${JSON.stringify(setting.rule, Object.keys(setting.rule).sort())}`;
    case 'fou':
      return `fou ${setting.family} ${setting.port}`;
    default:
      return storageSettingId(setting);
  }
}

/** Whether two values of one thing are the same. */
export function sameSetting(one: Setting, other: Setting): boolean {
  return isDeepStrictEqual(one.value, other.value);
}

/**
 * Whether what is there does for what is wanted: it may have more to it than was asked for, as an
 * address that somebody added under another label.
 */
export function does(current: Setting, wanted: Setting): boolean {
  if (current.value === null || wanted.value === null) return current.value === wanted.value;
  switch (wanted.kind) {
    case 'address':
    case 'rule':
      return true;
    case 'mount':
      return current.kind === 'mount' && current.value !== null
        ? mountDoes(current.value, wanted.value)
        : false;
    case 'link':
    case 'route':
      return includes(current.value, wanted.value);
    default:
      return sameSetting(current, wanted);
  }
}

/** Whether `whole` has everything that `part` has. */
function includes(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) {
    return isDeepStrictEqual(whole, part);
  }
  if (typeof whole !== 'object' || whole === null) return false;
  return Object.entries(part).every(([name, value]) =>
    includes((whole as Readonly<Record<string, unknown>>)[name], value),
  );
}
