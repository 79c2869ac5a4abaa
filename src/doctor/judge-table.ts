import type { TableChange } from '../ipvs/table-diff.ts';
import { describePlan } from '../reconcile/describe.ts';
import type { ExaminedService, Sysctls } from './facts.ts';
import { addressKey, numberOf } from './facts.ts';
import { type Finding, finding } from './finding.ts';

/** A configuration next to what the kernel has. */
export interface ConfigFacts {
  readonly file: string;
  /** What would make the kernel's table what the file says. */
  readonly changes: readonly TableChange[];
  /** Schedulers that the kernel has no module for. */
  readonly missingSchedulers: readonly string[];
}

/** What is wrong with the services themselves, and with how the kernel treats them. */
export function judgeTable(
  services: readonly ExaminedService[],
  sysctls: Sysctls,
  kernel: string,
  config: ConfigFacts | undefined,
): readonly Finding[] {
  return [
    ...services.flatMap(judgeService),
    ...(config === undefined ? [] : judgeConfig(config)),
    ...hints(services, sysctls, kernel),
  ];
}

function judgeService({ text, servers }: ExaminedService): readonly Finding[] {
  const about = text;
  if (servers.length === 0) {
    const mend = `lvskit add destination ${text} ADDRESS`;
    const found = `${text} has no servers`;
    return [finding('no-servers', found, { about, severity: 'warning', mend })];
  }
  if (servers.some(({ weight }) => weight > 0)) return [];
  const found = `the ${servers.length} servers of ${text} have weight 0`;
  const mend = `lvskit edit destination ${text} ADDRESS --weight 1`;
  return [finding('all-drained', found, { about, severity: 'warning', mend })];
}

function judgeConfig({ file, changes, missingSchedulers }: ConfigFacts): readonly Finding[] {
  const result = missingSchedulers.map((name) =>
    finding(
      'scheduler-missing',
      `this kernel has no module ip_vs_${name}, which ${file} asks for`,
      {
        mend: `modprobe ip_vs_${name}`,
      },
    ),
  );
  if (changes.length === 0) return result;
  const lines = describePlan({ changes });
  const shown = lines.slice(0, 3).map(({ text }) => text.trim());
  const more = lines.length > shown.length ? `; and ${lines.length - shown.length} more` : '';
  const found = `the kernel’s table differs from ${file}: ${shown.join('; ')}${more}`;
  const mend = `lvskit restore --replace ${file}`;
  return [...result, finding('differs-from-config', found, { severity: 'warning', mend })];
}

const vs = 'net.ipv4.vs';
/** The kernel that reuses ports without a delay of a second for each (f0a5e4d7a594). */
const reusesWell = [5, 9] as const;

function hints(
  services: readonly ExaminedService[],
  sysctls: Sysctls,
  kernel: string,
): readonly Finding[] {
  const is = (name: string, value: number) => numberOf(sysctls, `${vs}.${name}`) === value;
  const set = (name: string, value: number) => `sysctl -w ${vs}.${name}=${value}`;
  const result: Finding[] = [];
  const persistent = services.find(({ persistence }) => persistence !== undefined);
  if (persistent !== undefined && is('expire_quiescent_template', 0)) {
    result.push(
      finding(
        'expire-quiescent-template',
        `${persistent.text} is persistent, and expire_quiescent_template is 0`,
        { severity: 'hint', mend: set('expire_quiescent_template', 1) },
      ),
    );
  }
  const datagrams = services.find((service) => addressKey(service)?.protocol === 'udp');
  if (datagrams !== undefined && is('expire_nodest_conn', 0)) {
    result.push(
      finding('expire-nodest-conn', `${datagrams.text} is UDP, and expire_nodest_conn is 0`, {
        severity: 'hint',
        mend: set('expire_nodest_conn', 1),
      }),
    );
  }
  const isOld = isOlder(kernel, reusesWell);
  if (isOld && is('conn_reuse_mode', 1) && is('conntrack', 1)) {
    const found = `Linux ${kernel} delays such a connection by a second while conn_reuse_mode and conntrack are 1`;
    const mend = set('conn_reuse_mode', 0);
    result.push(finding('conn-reuse-mode', found, { severity: 'warning', mend }));
  } else if (!isOld && services.length > 0 && is('conn_reuse_mode', 0)) {
    const found = `conn_reuse_mode is 0, which was advice for Linux before 5.9: such a connection goes to the same server, though it be drained or gone`;
    const mend = set('conn_reuse_mode', 1);
    result.push(finding('conn-reuse-mode', found, { severity: 'hint', mend }));
  }
  const isTranslated = services.some(({ servers }) =>
    servers.some(({ forwarding }) => forwarding === 'nat'),
  );
  if (services.length > 0 && !isTranslated && is('conntrack', 1)) {
    const found = `conntrack is 1, and no service is by nat, for which alone firewall rules could want it`;
    result.push(finding('conntrack', found, { severity: 'hint', mend: set('conntrack', 0) }));
  }
  return result;
}

function isOlder(kernel: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = kernel.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
