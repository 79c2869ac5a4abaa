import type { Change } from '../../src/index.ts';

/** A change that must be refused before anything is sent, and how. */
export interface BadInput {
  readonly what: string;
  readonly change: Change;
  readonly kind: typeof TypeError | typeof RangeError;
  /** How the sentence begins, which names the argument. */
  readonly says: string;
}

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const dns = { protocol: 'udp', address: '192.0.2.1', port: 53 } as const;
const six = { protocol: 'tcp', address: '2001:db8::1', port: 80 } as const;
const member = { address: '10.0.0.11' } as const;

type Row = readonly [what: string, value: unknown, kind: BadInput['kind'], says: string];

function badServices(rows: readonly Row[]): BadInput[] {
  return rows.map(([what, service, kind, says]) => ({
    what: `service ${what}`,
    change: { type: 'add-service', service, config: { scheduler: 'rr' } } as Change,
    kind,
    says,
  }));
}

function badServiceConfigs(rows: readonly Row[], service: unknown = web): BadInput[] {
  return rows.map(([what, config, kind, says]) => ({
    what,
    change: { type: 'add-service', service, config } as Change,
    kind,
    says,
  }));
}

function badDestinations(rows: readonly Row[], service: unknown = web): BadInput[] {
  return rows.map(([what, destination, kind, says]) => ({
    what: `destination ${what}`,
    change: { type: 'add-destination', service, destination } as Change,
    kind,
    says,
  }));
}

function badDestinationConfigs(
  rows: readonly Row[],
  service: unknown = web,
  destination: unknown = member,
): BadInput[] {
  return rows.map(([what, config, kind, says]) => ({
    what,
    change: { type: 'add-destination', service, destination, config } as Change,
    kind,
    says,
  }));
}

function badDaemons(rows: readonly Row[]): BadInput[] {
  return rows.map(([what, settings, kind, says]) => ({
    what: `sync daemon ${what}`,
    change: {
      type: 'start-sync-daemon',
      daemon:
        typeof settings === 'object' && settings !== null
          ? { role: 'master', interface: 'lo', ...settings }
          : settings,
    } as Change,
    kind,
    says,
  }));
}

function badTimeouts(rows: readonly Row[]): BadInput[] {
  return rows.map(([what, timeouts, kind, says]) => ({
    what: `timeout ${what}`,
    change: { type: 'set-timeouts', timeouts } as Change,
    kind,
    says,
  }));
}

const serviceProtocol = 'service protocol must be';
const serviceAddress = 'service address';
const servicePort = 'service port must be';
const scheduler = 'scheduler';
const weight = 'weight must be';
const tunnel = (value: unknown) => ({ forwarding: 'tun', tunnel: value });

/** One entry for each way to be wrong that the library finds by itself. */
export const badInput: readonly BadInput[] = [
  ...badServices([
    ['undefined', undefined, TypeError, 'service must be an object, not undefined'],
    ['null', null, TypeError, 'service must be an object, not null'],
    ['as text', 'tcp 192.0.2.1:80', TypeError, 'service must be an object, not string'],
    ['with an empty key', {}, TypeError, serviceProtocol],
    ['of protocol icmp', { ...web, protocol: 'icmp' }, RangeError, serviceProtocol],
    ['of protocol TCP', { ...web, protocol: 'TCP' }, RangeError, serviceProtocol],
    ['of protocol 6', { ...web, protocol: 6 }, TypeError, serviceProtocol],
    ['of protocol constructor', { ...web, protocol: 'constructor' }, RangeError, serviceProtocol],
    ['of protocol __proto__', { ...web, protocol: '__proto__' }, RangeError, serviceProtocol],
    ['without address', { protocol: 'tcp', port: 80 }, TypeError, serviceAddress],
    ['with an empty address', { ...web, address: '' }, RangeError, `${serviceAddress} ""`],
    ['with a name', { ...web, address: 'www.example' }, RangeError, serviceAddress],
    ['with an octal address', { ...web, address: '192.0.02.1' }, RangeError, serviceAddress],
    ['with a partial address', { ...web, address: '192.0.513' }, RangeError, serviceAddress],
    ['with a zone', { ...web, address: 'fe80::1%lo' }, RangeError, serviceAddress],
    ['with a prefix', { ...web, address: '192.0.2.1/32' }, RangeError, serviceAddress],
    ['with a numeric address', { ...web, address: 0xc0000201 }, TypeError, serviceAddress],
    ['without port', { protocol: 'tcp', address: '192.0.2.1' }, TypeError, servicePort],
    ['with port null', { ...web, port: null }, TypeError, servicePort],
    ['with port "80"', { ...web, port: '80' }, TypeError, servicePort],
    ['with port 80n', { ...web, port: 80n }, TypeError, servicePort],
    ['with port -1', { ...web, port: -1 }, RangeError, servicePort],
    ['with port 65536', { ...web, port: 65536 }, RangeError, servicePort],
    ['with port 80.5', { ...web, port: 80.5 }, RangeError, servicePort],
    ['with port NaN', { ...web, port: Number.NaN }, RangeError, servicePort],
    ['with port 0 and no persistence', { ...web, port: 0 }, RangeError, 'service port 0'],
    ['by mark 0', { firewallMark: 0 }, RangeError, 'firewall mark must be'],
    ['by mark -1', { firewallMark: -1 }, RangeError, 'firewall mark must be'],
    ['by mark 2^32', { firewallMark: 2 ** 32 }, RangeError, 'firewall mark must be'],
    ['by mark "7"', { firewallMark: '7' }, TypeError, 'firewall mark must be'],
    ['by mark null', { firewallMark: null }, TypeError, 'firewall mark must be'],
    ['of family ipv5', { firewallMark: 7, family: 'ipv5' }, RangeError, 'service family must be'],
    ['of family 4', { firewallMark: 7, family: 4 }, TypeError, 'service family must be'],
  ]),
  ...badServiceConfigs([
    ['service config null', null, TypeError, 'service config must be an object, not null'],
    ['service config as text', 'rr', TypeError, 'service config must be an object, not string'],
    ['an empty scheduler', { scheduler: '' }, RangeError, 'scheduler must not be empty'],
    ['scheduler null', { scheduler: null }, TypeError, 'scheduler must be a string'],
    ['scheduler 1', { scheduler: 1 }, TypeError, 'scheduler must be a string'],
    ['a scheduler of 16 bytes', { scheduler: 'sixteen-letters-' }, RangeError, scheduler],
    ['a scheduler of 1000 bytes', { scheduler: 'w'.repeat(1000) }, RangeError, scheduler],
    ['a scheduler with a blank', { scheduler: 'w lc' }, RangeError, 'scheduler "w lc"'],
    ['a scheduler with a NUL', { scheduler: 'rr\0x' }, RangeError, scheduler],
    ['a scheduler with a slash', { scheduler: '../rr' }, RangeError, scheduler],
    ['a scheduler of other letters', { scheduler: 'rré' }, RangeError, scheduler],
    ['flags null', { schedulerFlags: null }, TypeError, 'schedulerFlags must be an array'],
    ['flags as text', { schedulerFlags: 'flag-1' }, TypeError, 'schedulerFlags must be an array'],
    ['an unknown flag', { schedulerFlags: ['flag-4'] }, RangeError, 'scheduler flag must be'],
    ['flag toString', { schedulerFlags: ['toString'] }, RangeError, 'scheduler flag must be'],
    ['flag 8', { schedulerFlags: [8] }, TypeError, 'scheduler flag must be'],
    ["another scheduler's flag", { schedulerFlags: ['sh-port'] }, RangeError, 'scheduler flag sh'],
    ['persistence 300', { persistence: 300 }, TypeError, 'persistence must be an object'],
    ['persistence true', { persistence: true }, TypeError, 'persistence must be an object'],
    [
      'persistence of 0 seconds',
      { persistence: { timeoutSeconds: 0 } },
      RangeError,
      'persistence timeoutSeconds must be',
    ],
    [
      'persistence of 4294968 seconds',
      { persistence: { timeoutSeconds: 4_294_968 } },
      RangeError,
      'persistence timeoutSeconds must be',
    ],
    [
      'persistence of half a second',
      { persistence: { timeoutSeconds: 0.5 } },
      RangeError,
      'persistence timeoutSeconds must be',
    ],
    [
      'persistence of Infinity seconds',
      { persistence: { timeoutSeconds: Number.POSITIVE_INFINITY } },
      RangeError,
      'persistence timeoutSeconds must be',
    ],
    ['netmask 33', { persistence: { netmask: 33 } }, RangeError, 'persistence netmask must be'],
    ['netmask null', { persistence: { netmask: null } }, TypeError, 'persistence netmask must be'],
    ['netmask "24"', { persistence: { netmask: '24' } }, RangeError, 'persistence netmask "24"'],
    [
      'an IPv6 mask',
      { persistence: { netmask: 'ff::' } },
      RangeError,
      'persistence netmask "ff::"',
    ],
    ['onePacket with TCP', { onePacket: true }, RangeError, 'onePacket is for udp'],
    ['onePacket "no"', { onePacket: 'no' }, TypeError, 'onePacket must be true or false'],
    ['onePacket null', { onePacket: null }, TypeError, 'onePacket must be true or false'],
  ]),
  ...badServiceConfigs(
    [
      ['netmask 0 for IPv6', { persistence: { netmask: 0 } }, RangeError, 'persistence netmask'],
      ['netmask 129', { persistence: { netmask: 129 } }, RangeError, 'persistence netmask'],
      [
        'an IPv4 mask for IPv6',
        { persistence: { netmask: '255.0.0.0' } },
        RangeError,
        'persistence netmask "255.0.0.0"',
      ],
    ],
    six,
  ),
  ...badServiceConfigs(
    [
      [
        'an engine without persistence',
        { persistenceEngine: 'sip' },
        RangeError,
        'persistence engine sip needs persistence',
      ],
      [
        'an empty engine',
        { persistence: {}, persistenceEngine: '' },
        RangeError,
        'persistence eng',
      ],
      ['engine 1', { persistence: {}, persistenceEngine: 1 }, TypeError, 'persistence engine must'],
      [
        'an engine of 17 bytes',
        { persistence: {}, persistenceEngine: 'seventeen-letters' },
        RangeError,
        'persistence engine "seventeen-letters" is longer than 16',
      ],
    ],
    dns,
  ),
  ...badDestinations([
    ['undefined', undefined, TypeError, 'destination must be an object, not undefined'],
    ['as text', '10.0.0.11:80', TypeError, 'destination must be an object, not string'],
    ['with an empty key', {}, TypeError, 'destination address must be a string'],
    ['with an empty address', { address: '' }, RangeError, 'destination address ""'],
    ['with a name', { address: 'rs1' }, RangeError, 'destination address "rs1"'],
    ['with a port in its address', { address: '10.0.0.11:80' }, RangeError, 'destination address'],
    ['with port -1', { ...member, port: -1 }, RangeError, 'destination port must be'],
    ['with port 65536', { ...member, port: 65536 }, RangeError, 'destination port must be'],
    ['with port "80"', { ...member, port: '80' }, TypeError, 'destination port must be'],
    ['with port null', { ...member, port: null }, TypeError, 'destination port must be'],
    ['with port NaN', { ...member, port: Number.NaN }, RangeError, 'destination port must be'],
    ['by DR with another port', { ...member, port: 8080 }, RangeError, 'destination port 8080'],
    ['of the other family by DR', { address: '2001:db8::b' }, RangeError, 'destination address is'],
  ]),
  ...badDestinations([['of a service null', member, TypeError, 'service must be']], null),
  ...badDestinations([['of an empty service', member, TypeError, serviceProtocol]], {}),
  ...badDestinations([['of IPv4 by DR', member, RangeError, 'destination address is']], six),
  ...badDestinationConfigs([
    ['destination config null', null, TypeError, 'destination config must be an object, not null'],
    ['forwarding gate', { forwarding: 'gate' }, RangeError, 'forwarding must be'],
    ['forwarding valueOf', { forwarding: 'valueOf' }, RangeError, 'forwarding must be'],
    ['forwarding 3', { forwarding: 3 }, TypeError, 'forwarding must be'],
    ['forwarding null', { forwarding: null }, TypeError, 'forwarding must be'],
    ['weight -1', { weight: -1 }, RangeError, weight],
    ['weight 2^31', { weight: 2 ** 31 }, RangeError, weight],
    ['weight 1.5', { weight: 1.5 }, RangeError, weight],
    ['weight NaN', { weight: Number.NaN }, RangeError, weight],
    ['weight "1"', { weight: '1' }, TypeError, weight],
    ['weight null', { weight: null }, TypeError, weight],
    ['weight 1n', { weight: 1n }, TypeError, weight],
    ['upperThreshold -1', { upperThreshold: -1 }, RangeError, 'upperThreshold must be'],
    ['upperThreshold 2^31', { upperThreshold: 2 ** 31 }, RangeError, 'upperThreshold must be'],
    ['lowerThreshold null', { lowerThreshold: null }, TypeError, 'lowerThreshold must be'],
    [
      'thresholds the wrong way round',
      { upperThreshold: 10, lowerThreshold: 11 },
      RangeError,
      'lowerThreshold 11 must not be above upperThreshold 10',
    ],
    ['a lower threshold alone', { lowerThreshold: 1 }, RangeError, 'lowerThreshold 1 must not be'],
    ['a tunnel by DR', { tunnel: { type: 'ipip' } }, RangeError, 'tunnel is for forwarding tun'],
    ['tunnel "gue"', tunnel('gue'), TypeError, 'tunnel must be an object'],
    ['tunnel null', tunnel(null), TypeError, 'tunnel must be an object, not null'],
    ['an empty tunnel', tunnel({}), TypeError, 'tunnel type must be'],
    ['tunnel type vxlan', tunnel({ type: 'vxlan' }), RangeError, 'tunnel type must be'],
    ['GUE without port', tunnel({ type: 'gue' }), TypeError, 'tunnel port must be'],
    ['GUE with port 0', tunnel({ type: 'gue', port: 0 }), RangeError, 'tunnel port must be'],
    ['GUE with port 65536', tunnel({ type: 'gue', port: 65536 }), RangeError, 'tunnel port must'],
    [
      'GUE with checksum md5',
      tunnel({ type: 'gue', port: 1, checksum: 'md5' }),
      RangeError,
      'tunnel checksum "md5"',
    ],
    [
      'GUE with checksum null',
      tunnel({ type: 'gue', port: 1, checksum: null }),
      RangeError,
      'tunnel checksum null',
    ],
    [
      'GRE with remote checksums',
      tunnel({ type: 'gre', checksum: 'remote' }),
      RangeError,
      'tunnel checksum "remote" is not for gre',
    ],
  ]),
  ...badDestinationConfigs(
    [
      [
        'forwarding tun to another port',
        { forwarding: 'tun' },
        RangeError,
        'destination port 8080',
      ],
    ],
    web,
    { ...member, port: 8080 },
  ),
  ...badDestinationConfigs(
    [['forwarding nat to the other family', { forwarding: 'nat' }, RangeError, 'destination addr']],
    web,
    { address: '2001:db8::b', port: 8080 },
  ),
  ...badDaemons([
    ['undefined', undefined, TypeError, 'sync daemon must be an object'],
    ['of role primary', { role: 'primary' }, RangeError, 'sync daemon role must be'],
    ['of role undefined', { role: undefined }, TypeError, 'sync daemon role must be'],
    ['on interface undefined', { interface: undefined }, TypeError, 'interface must be a string'],
    ['on interface ""', { interface: '' }, RangeError, 'interface "" must be'],
    [
      'on an interface of 16 bytes',
      { interface: 'sixteen-letters-' },
      RangeError,
      'interface "six',
    ],
    ['on an interface with a blank', { interface: 'eth 0' }, RangeError, 'interface "eth 0" must'],
    ['with syncId 256', { syncId: 256 }, RangeError, 'syncId must be'],
    ['with syncId -1', { syncId: -1 }, RangeError, 'syncId must be'],
    ['with syncId "1"', { syncId: '1' }, TypeError, 'syncId must be'],
    ['with maxLength 0', { maxLength: 0 }, RangeError, 'maxLength must be'],
    ['with maxLength 65508', { maxLength: 65508 }, RangeError, 'maxLength must be'],
    ['with port 0', { port: 0 }, RangeError, 'port must be'],
    ['with port 65536', { port: 65536 }, RangeError, 'port must be'],
    ['with ttl 0', { ttl: 0 }, RangeError, 'ttl must be'],
    ['with ttl 256', { ttl: 256 }, RangeError, 'ttl must be'],
    ['with a unicast group', { group: '192.0.2.1' }, RangeError, 'multicast group 192.0.2.1'],
    ['with a unicast IPv6 group', { group: '2001:db8::1' }, RangeError, 'multicast group 2001'],
    ['with group "all"', { group: 'all' }, RangeError, 'multicast group "all"'],
  ]),
  ...badTimeouts([
    ['undefined', undefined, TypeError, 'timeouts must be an object'],
    ['tcp 0', { tcp: 0 }, RangeError, 'timeout tcp must be'],
    ['tcp -1', { tcp: -1 }, RangeError, 'timeout tcp must be'],
    ['tcpFin 2147484', { tcpFin: 2_147_484 }, RangeError, 'timeout tcpFin must be'],
    ['udp NaN', { udp: Number.NaN }, RangeError, 'timeout udp must be'],
    ['udp "300"', { udp: '300' }, TypeError, 'timeout udp must be'],
    ['udp null', { udp: null }, TypeError, 'timeout udp must be'],
  ]),
  {
    what: 'a sync daemon of no role to stop',
    change: { type: 'stop-sync-daemon', role: 'both' as never },
    kind: RangeError,
    says: 'sync daemon role must be',
  },
  {
    what: 'an edit of a service without its config',
    change: { type: 'edit-service', service: web } as unknown as Change,
    kind: TypeError,
    says: 'service config must be an object, not undefined',
  },
  {
    what: 'an edit of a destination without its config',
    change: { type: 'edit-destination', service: web, destination: member } as unknown as Change,
    kind: TypeError,
    says: 'destination config must be an object, not undefined',
  },
  {
    what: 'a removal of nothing',
    change: { type: 'remove-service' } as unknown as Change,
    kind: TypeError,
    says: 'service must be an object',
  },
  {
    what: 'the counters of null to zero',
    change: { type: 'zero', service: null } as unknown as Change,
    kind: TypeError,
    says: 'service must be an object, not null',
  },
  {
    what: 'a change of no type',
    change: {} as Change,
    kind: TypeError,
    says: 'type of change must be a string',
  },
  {
    what: 'a change of type hasOwnProperty',
    change: { type: 'hasOwnProperty' } as unknown as Change,
    kind: RangeError,
    says: 'type of change must be one of',
  },
  {
    what: 'a change null',
    change: null as unknown as Change,
    kind: TypeError,
    says: 'change must be an object, not null',
  },
];
