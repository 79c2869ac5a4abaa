import { type CommandName, type OptionName, optionNames } from './option-table.ts';

/** What a command, or a tunnel type, does with options; those it does not mention are refused. */
interface Rule {
  readonly needs?: readonly OptionName[];
  readonly takes?: readonly OptionName[];
  /** At most one of these. */
  readonly oneOf?: readonly OptionName[];
}

const serviceSettings: readonly OptionName[] = [
  'scheduler',
  'persistent',
  'netmask',
  'ops',
  'pe',
  'sched-flags',
];
const tunnelOptions: readonly OptionName[] = ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'];
const serverSettings: readonly OptionName[] = [
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'tun-type',
  ...tunnelOptions,
];

const commandRules: Readonly<Record<CommandName, Rule>> = {
  'add-service': { needs: ['service-address'], takes: serviceSettings },
  'edit-service': { needs: ['service-address'], takes: serviceSettings },
  'delete-service': { needs: ['service-address'] },
  flush: {},
  list: {
    takes: [
      'numeric',
      'stats',
      'rate',
      'thresholds',
      'persistent-conn',
      'nosort',
      'syncid',
      'exact',
      'tun-info',
    ],
    oneOf: ['connection', 'service-address', 'timeout', 'daemon'],
  },
  'add-server': { needs: ['service-address', 'real-server'], takes: serverSettings },
  'delete-server': { needs: ['service-address', 'real-server'] },
  'edit-server': { needs: ['service-address', 'real-server'], takes: serverSettings },
  set: {},
  'start-daemon': {
    takes: ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen'],
  },
  'stop-daemon': { takes: ['syncid'] },
  restore: {},
  save: { takes: ['numeric'] },
  zero: { takes: ['service-address'] },
};

/** The types of tunnels by number, with what they do with the options of tunnels. */
const tunnelRules: readonly (readonly [name: string, rule: Rule])[] = [
  ['ipip', {}],
  ['gue', { needs: ['tun-port'], oneOf: ['tun-nocsum', 'tun-csum', 'tun-remcsum'] }],
  ['gre', { oneOf: ['tun-nocsum', 'tun-csum'] }],
];

/** The first thing that is wrong with the options a command was given, in ipvsadm's words. */
export function commandConflict(
  command: CommandName,
  given: ReadonlySet<OptionName>,
): string | undefined {
  return conflict(commandRules[command], optionNames, given, `'${command}' command`);
}

/** The number of a type of tunnel. */
export function tunnelTypeNumber(name: string): number | undefined {
  const number = tunnelRules.findIndex(([known]) => known === name);
  return number < 0 ? undefined : number;
}

/** The first thing that is wrong with the options a tunnel was given. */
export function tunnelConflict(type: number, given: ReadonlySet<OptionName>): string | undefined {
  const [name, rule] = tunnelRules[type] ?? ['', {}];
  return conflict(rule, tunnelOptions, given, `'${name}' tunnel type`);
}

function conflict(
  { needs = [], takes = [], oneOf = [] }: Rule,
  options: readonly OptionName[],
  given: ReadonlySet<OptionName>,
  subject: string,
): string | undefined {
  let chosen: OptionName | undefined;
  for (const option of options) {
    if (!given.has(option)) {
      if (needs.includes(option)) {
        return `You need to supply the '${option}' option for the ${subject}`;
      }
    } else if (oneOf.includes(option)) {
      if (chosen !== undefined) {
        return `The option '${option}' conflicts with the '${chosen}' option in the ${subject}`;
      }
      chosen = option;
    } else if (!needs.includes(option) && !takes.includes(option)) {
      return `Illegal '${option}' option with the ${subject}`;
    }
  }
  return undefined;
}
