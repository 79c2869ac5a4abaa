import type { Option } from './popt.ts';

/** The commands of ipvsadm, by the names that its complaints have for them. */
export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero';

/** What commands are asked for by; help and version are none. */
export type CommandTag = CommandName | 'help' | 'version';

/** The names that complaints have for options. Complaints go through them in this order. */
export const optionNames = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
] as const;

export type OptionName = (typeof optionNames)[number];

/** What each option is in the grammar; several may be one to the complaints. */
export type OptionTag =
  | CommandTag
  | Exclude<OptionName, 'service-address' | 'forwarding-method'>
  | 'tcp-service'
  | 'udp-service'
  | 'sctp-service'
  | 'fwmark-service'
  | 'masquerading'
  | 'ipip'
  | 'gatewaying'
  | 'sort'
  | 'ipv6';

function option(
  takes: Option<OptionTag>['takes'],
  tag: OptionTag,
  long: string,
  short?: string,
): Option<OptionTag> {
  return short === undefined ? { tag, long, takes } : { tag, long, short, takes };
}

/** Where two have the same name, the first is meant. */
export const optionTable: readonly Option<OptionTag>[] = [
  option('flag', 'add-service', 'add-service', 'A'),
  option('flag', 'edit-service', 'edit-service', 'E'),
  option('flag', 'delete-service', 'delete-service', 'D'),
  option('flag', 'flush', 'clear', 'C'),
  option('flag', 'list', 'list', 'L'),
  option('flag', 'list', 'list', 'l'),
  option('flag', 'zero', 'zero', 'Z'),
  option('flag', 'add-server', 'add-server', 'a'),
  option('flag', 'edit-server', 'edit-server', 'e'),
  option('flag', 'delete-server', 'delete-server', 'd'),
  option('flag', 'set', 'set'),
  option('flag', 'help', 'help', 'h'),
  option('flag', 'version', 'version', 'v'),
  option('flag', 'restore', 'restore', 'R'),
  option('flag', 'save', 'save', 'S'),
  option('value', 'start-daemon', 'start-daemon'),
  option('value', 'stop-daemon', 'stop-daemon'),
  option('value', 'tcp-service', 'tcp-service', 't'),
  option('value', 'udp-service', 'udp-service', 'u'),
  option('value', 'sctp-service', 'sctp-service'),
  option('value', 'fwmark-service', 'fwmark-service', 'f'),
  option('value', 'scheduler', 'scheduler', 's'),
  option('maybe-value', 'persistent', 'persistent', 'p'),
  option('value', 'netmask', 'netmask', 'M'),
  option('value', 'real-server', 'real-server', 'r'),
  option('flag', 'masquerading', 'masquerading', 'm'),
  option('flag', 'ipip', 'ipip', 'i'),
  option('flag', 'gatewaying', 'gatewaying', 'g'),
  option('value', 'weight', 'weight', 'w'),
  option('value', 'u-threshold', 'u-threshold', 'x'),
  option('value', 'l-threshold', 'l-threshold', 'y'),
  option('flag', 'numeric', 'numeric', 'n'),
  option('flag', 'connection', 'connection', 'c'),
  option('value', 'mcast-interface', 'mcast-interface'),
  option('value', 'syncid', 'syncid'),
  option('flag', 'timeout', 'timeout'),
  option('flag', 'daemon', 'daemon'),
  option('flag', 'stats', 'stats'),
  option('flag', 'rate', 'rate'),
  option('flag', 'thresholds', 'thresholds'),
  option('flag', 'persistent-conn', 'persistent-conn'),
  option('flag', 'nosort', 'nosort'),
  option('flag', 'sort', 'sort'),
  option('flag', 'exact', 'exact', 'X'),
  option('flag', 'ipv6', 'ipv6', '6'),
  option('flag', 'ops', 'ops', 'o'),
  option('value', 'pe', 'pe'),
  option('value', 'sched-flags', 'sched-flags', 'b'),
  option('value', 'mcast-group', 'mcast-group'),
  option('value', 'mcast-port', 'mcast-port'),
  option('value', 'mcast-ttl', 'mcast-ttl'),
  option('value', 'sync-maxlen', 'sync-maxlen'),
  option('flag', 'tun-info', 'tun-info'),
  option('value', 'tun-type', 'tun-type'),
  option('value', 'tun-port', 'tun-port'),
  option('flag', 'tun-nocsum', 'tun-nocsum'),
  option('flag', 'tun-csum', 'tun-csum'),
  option('flag', 'tun-remcsum', 'tun-remcsum'),
];
