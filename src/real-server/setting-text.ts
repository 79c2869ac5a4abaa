import type { RouteSetting, RuleSetting, Setting } from './setting.ts';
import { storageCommand, storageSubject, storageValue } from './storage/setting.ts';

/** What a setting is about, as a plan names it. */
export function subjectOf(setting: Setting): string {
  switch (setting.kind) {
    case 'sysctl':
      return setting.name;
    case 'link':
      return `link ${setting.name}`;
    case 'link-state':
      return `state of ${setting.link}`;
    case 'address':
      return `address ${setting.address} on ${setting.link}`;
    case 'route': {
      const table = setting.table === 'main' ? '' : ` in table ${setting.table}`;
      const family = setting.family === 'ipv6' ? 'IPv6 ' : '';
      return `${setting.destination === 'default' ? family : ''}route ${setting.destination}${table}`;
    }
    case 'rule':
      return `rule ${selectorOf(setting)}`;
    case 'fou':
      return `UDP port ${setting.port} over ${setting.family === 'ipv4' ? 'IPv4' : 'IPv6'}`;
    default:
      return storageSubject(setting);
  }
}

/** The value in a few words. */
export function valueText(setting: Setting): string {
  if (setting.value === null) return setting.kind === 'mount' ? 'not mounted' : 'absent';
  switch (setting.kind) {
    case 'sysctl':
    case 'link-state':
      return setting.value;
    case 'link':
      return setting.value.kind;
    case 'address':
      return setting.value.label === undefined ? 'present' : `labelled ${setting.value.label}`;
    case 'route':
      return routeWords(setting).join(' ') || 'present';
    case 'rule':
      return `table ${setting.rule.table ?? 'main'}`;
    case 'fou':
      return setting.value;
    default:
      return storageValue(setting);
  }
}

/** What one would type to have it so. */
export function commandFor(setting: Setting): string {
  const gone = setting.value === null;
  switch (setting.kind) {
    case 'sysctl':
      return `sysctl -w ${setting.name}=${setting.value ?? ''}`;
    case 'link':
      return gone ? `ip link del ${setting.name}` : linkCommand(setting.name, setting.value);
    case 'link-state':
      return `ip link set ${setting.link} ${setting.value ?? 'down'}`;
    case 'address': {
      const { address, link, value } = setting;
      if (value === null) return `ip address del ${address} dev ${link}`;
      const label = value.label === undefined ? '' : ` label ${value.label}`;
      return `ip address add ${address} dev ${link}${label}${address.includes(':') ? ' nodad' : ''}`;
    }
    case 'route': {
      const { family, destination, table, metric } = setting;
      const words = [
        ...(family === 'ipv6' ? ['ip -6 route'] : ['ip route']),
        gone ? 'del' : 'replace',
        destination,
        ...routeWords(setting),
        ...(table === 'main' ? [] : [`table ${table}`]),
        ...(metric === 0 ? [] : [`metric ${metric}`]),
      ];
      return words.join(' ');
    }
    case 'rule': {
      const family = setting.rule.family === 'ipv6' ? ' -6' : '';
      const verb = gone ? 'del' : 'add';
      return `ip${family} rule ${verb} ${selectorOf(setting)} lookup ${setting.rule.table ?? 'main'}`;
    }
    case 'fou': {
      const family = setting.family === 'ipv6' ? ' -6' : '';
      return gone
        ? `ip fou del port ${setting.port}${family}`
        : `ip fou add port ${setting.port} ${setting.value}${family}`;
    }
    default:
      return storageCommand(setting);
  }
}

/** The links that come with a module, by name: they take packets from anywhere. */
export const fallbackModules: Readonly<Record<string, string>> = {
  tunl0: 'ipip',
  sit0: 'sit',
  gre0: 'ip_gre',
  ip6tnl0: 'ip6_tunnel',
  ip6gre0: 'ip6_gre',
};

function linkCommand(name: string, shape: Extract<Setting, { kind: 'link' }>['value']): string {
  const module = fallbackModules[name];
  if (module !== undefined) return `modprobe ${module}`;
  const { kind = '', tunnel = {} } = shape ?? {};
  const words = [
    tunnel.mode === undefined ? '' : ` mode ${tunnel.mode}`,
    tunnel.local === undefined ? '' : ` local ${tunnel.local}`,
    tunnel.inputChecksum === true ? ' icsum' : '',
  ];
  return `ip link add ${name} type ${kind}${words.join('')}`;
}

function routeWords({ value }: RouteSetting): readonly string[] {
  if (value === null) return [];
  const { type, via, link, source, scope, nextHops = [] } = value;
  return [
    ...(type === undefined || type === 'unicast' ? [] : [type]),
    ...(via === undefined ? [] : [`via ${via}`]),
    ...(link === undefined ? [] : [`dev ${link}`]),
    ...(source === undefined ? [] : [`src ${source}`]),
    ...(scope === undefined || scope === 'global' ? [] : [`scope ${scope}`]),
    ...nextHops.map((hop) => `nexthop via ${hop.via} dev ${hop.link}`),
  ];
}

function selectorOf({ rule }: RuleSetting): string {
  const { priority, from, transport, sourcePorts } = rule;
  const words = [
    ...(priority === undefined ? [] : [`priority ${priority}`]),
    `from ${from ?? 'all'}`,
    ...(transport === undefined ? [] : [`ipproto ${transport}`]),
    ...(sourcePorts === undefined ? [] : [`sport ${sourcePorts.first}`]),
  ];
  return words.join(' ');
}
