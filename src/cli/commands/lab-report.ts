import { formatDestinationKey } from '../../ipvs/destination.ts';
import { formatServiceKey } from '../../ipvs/service.ts';
import type { DemonstrationResult } from '../../lab/demonstration.ts';
import type { DirectorDeath, FailureObserver, ServerDeath } from '../../lab/failure.ts';
import type { LabStep } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import type { SchedulerPromise } from '../../lab/promise.ts';
import type { ServerAnswer } from '../../lab/server.ts';
import type { LabForwarding } from '../../lab/topology.ts';
import type { AddressFamily } from '../../net/ip.ts';
import type { DirectorEvent } from '../../observe/director-event.ts';
import { eventText, levelOf } from '../../observe/event-text.ts';
import type { Output } from '../command-context.ts';
import type { Style } from '../output/style.ts';
import { layOut } from '../output/table.ts';

const methods: Readonly<Record<LabForwarding, string>> = {
  dr: 'direct routing',
  nat: 'NAT',
  tun: 'tunnelling',
};
const answersPerLine = 10;

/** Tells the demonstration as text, while it happens. */
export class LabReport {
  readonly #output: Output;
  readonly #style: Style;
  #answers = 0;

  constructor(output: Output, style: Style) {
    this.#output = output;
    this.#style = style;
  }

  begin(of: {
    readonly kernel: string;
    readonly ipvs: string;
    readonly forwarding: LabForwarding;
    readonly family: AddressFamily;
    readonly scheduler: string;
    readonly drawing: readonly string[];
  }): void {
    const family = of.family === 'ipv4' ? 'IPv4' : 'IPv6';
    const { bold } = this.#style;
    this.#lines([
      bold(`${methods[of.forwarding]} over ${family}, scheduler ${of.scheduler}`) +
        ` on Linux ${of.kernel}, IPVS ${of.ipvs}`,
      '',
      ...of.drawing,
      '',
      bold('Building it'),
    ]);
  }

  step({ host, summary, commands }: LabStep): void {
    const { dim } = this.#style;
    this.#lines([
      `  ${host.padEnd(8)}  ${summary}`,
      ...commands.map((command) => dim(`            ${command}`)),
    ]);
  }

  director(config: string): void {
    const { bold, dim } = this.#style;
    const lines = config.trimEnd().split('\n');
    this.#lines([
      '',
      bold('The director: lvskit run, with this lvskit.yaml'),
      ...lines.map((line) => dim(`  ${line}`)),
    ]);
  }

  /** What the director tells, as it does. */
  event(event: DirectorEvent): void {
    if (levelOf(event) !== 'debug') this.#lines([`  ${eventText(event)}`]);
  }

  requests(lab: Lab, count: number, promise: SchedulerPromise): void {
    const what = promise.countsOpenConnections
      ? ', all held open, since this scheduler counts those'
      : ', one after the other';
    this.#lines([
      '',
      this.#style.bold(`${count} connections from the client to ${lab.vip}${what}`),
    ]);
  }

  answer({ server }: ServerAnswer): void {
    const start = this.#answers % answersPerLine === 0 ? (this.#answers > 0 ? '\n  ' : '  ') : ' ';
    this.#output.write(start + server);
    this.#answers++;
  }

  counting(): void {
    this.#lines(['', '', this.#style.bold("The director's table")]);
  }

  result(lab: Lab, result: DemonstrationResult): void {
    this.#lines([
      ...this.#table(result),
      '',
      ...this.#claims(lab, result),
      '',
      ...this.#verdict(result),
    ]);
  }

  readonly failure: FailureObserver = {
    onDeath: ({ host }) => {
      this.#lines([
        '',
        this.#style.bold('A real server dies, and the client goes on'),
        `  ${host.name} serves no more`,
      ]);
    },
    onOutage: ({ attempts, failed, lastedMs }) => {
      const last = failed === 0 ? '' : `, the last of them ${Math.round(lastedMs)} ms after`;
      this.#lines([`  ${failed} of ${attempts} connections failed${last}`]);
    },
  };

  serverDeath({ server, backAfterMs }: ServerDeath): void {
    this.#lines([
      `  ${server} was given connections ${Math.round(backAfterMs)} ms after it was back`,
    ]);
  }

  directorDies(): void {
    this.#lines([
      '',
      this.#style.bold('The director is killed, and the client goes on'),
      '  SIGKILL; then another one is started',
    ]);
  }

  directorDeath({ outage }: DirectorDeath, isQuiet: boolean): void {
    const { green, red } = this.#style;
    const { attempts, failed } = outage;
    const text = `  ${failed} of ${attempts} connections failed`;
    this.#lines([
      failed === 0 ? green(text) : red(text),
      isQuiet
        ? green('  the next director found all as it should be, and changed nothing')
        : red('  the next director should have changed nothing'),
    ]);
  }

  #table({ service }: DemonstrationResult): readonly string[] {
    const columns = [
      { heading: `${formatServiceKey(service.key)} ${service.scheduler}` },
      { heading: 'forward' },
      { heading: 'weight', numeric: true },
      { heading: 'active', numeric: true },
      { heading: 'inactive', numeric: true },
      { heading: 'connections', numeric: true },
      { heading: 'packets in', numeric: true },
      { heading: 'packets out', numeric: true },
      { heading: 'bytes in', numeric: true },
      { heading: 'bytes out', numeric: true },
    ];
    const rows = service.destinations.map((destination) => [
      `  ${formatDestinationKey(destination.key)}`,
      destination.forwarding,
      `${destination.weight}`,
      `${destination.activeConnections}`,
      `${destination.inactiveConnections}`,
      `${destination.statistics?.connections}`,
      `${destination.statistics?.packetsIn}`,
      `${destination.statistics?.packetsOut}`,
      `${destination.statistics?.bytesIn}`,
      `${destination.statistics?.bytesOut}`,
    ]);
    const [head = '', ...lines] = layOut(columns, rows).map((line) => `  ${line}`);
    return [this.#style.dim(head), ...lines];
  }

  #claims(lab: Lab, { claims }: DemonstrationResult): readonly string[] {
    const { bold, dim, green, red } = this.#style;
    const question = claims.protocol === 'arp' ? 'ARP' : 'neighbour discovery';
    const answers = claims.answers.map(
      ({ linkLayerAddress, host }) => `  ${linkLayerAddress}  ${host ?? 'a stranger'}`,
    );
    return [
      bold(`Who has ${lab.vip}? (${question}, asked by the client)`),
      ...(answers.length > 0 ? answers : ['  nobody answers']),
      claims.onlyDirector
        ? green('  only the director answers')
        : red('  only the director should answer'),
      ...(claims.careless === undefined
        ? []
        : [
            dim(
              `  with arp_ignore=0 on the real servers, these answered: ${claims.careless.join(', ')}`,
            ),
          ]),
    ];
  }

  #verdict({ promise, verdict, counted, service }: DemonstrationResult): readonly string[] {
    const { bold, green, red } = this.#style;
    const lines = [
      bold(`${service.scheduler} promises: ${promise.sentence}`),
      `  expected  ${verdict.expected}`,
      `  seen      ${verdict.seen}`,
      verdict.kept ? green('  kept') : red('  not kept'),
    ];
    if (!counted) lines.push(red("  the kernel's counters do not agree with who answered"));
    return lines;
  }

  #lines(lines: readonly string[]): void {
    this.#output.write(`${lines.join('\n')}\n`);
  }
}
