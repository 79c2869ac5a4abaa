import type { ServerStatus, ServiceStatus } from './director-status.ts';
import type { EventCounts } from './event-counts.ts';
import {
  escaped,
  flowOf,
  flows,
  heading,
  type Kind,
  numberText,
  type Value,
} from './metrics-text.ts';
import { TextBuffer } from './text-buffer.ts';

/** A server with what all of its series have in common. */
export interface LabelledServer {
  readonly service: ServiceStatus;
  readonly own: ServerStatus;
  /** Those of the server, without the braces. */
  readonly labels: string;
}

/** Metrics of servers. There are many of them: text is put together without detours. */
export function* serverFamilies(servers: readonly LabelledServer[]): Generator<Buffer> {
  /** @param lines Those of a server; `begin` is what each begins with, its labels still open. */
  const family = (
    name: string,
    kind: Kind,
    help: string,
    lines: (own: ServerStatus, begin: string) => string,
  ): Buffer => {
    const text = new TextBuffer();
    text.add(heading(name, kind, help));
    for (const { own, labels } of servers) text.add(lines(own, `${name}{${labels}`));
    return text.bytes;
  };
  const simple = (
    name: string,
    kind: Kind,
    help: string,
    read: (own: ServerStatus) => Value | undefined,
  ): Buffer =>
    family(name, kind, help, (own, begin) => {
      const value = read(own);
      return value === undefined ? '' : `${begin}} ${numberText(value)}\n`;
    });
  yield family('lvs_backend_info', 'gauge', 'The address of a server.', ({ server }, begin) => {
    const colon = server.lastIndexOf(':');
    const address = server.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
    return `${begin},rip="${address}",rport="${server.slice(colon + 1)}"} 1\n`;
  });
  yield simple(
    'lvs_backend_up',
    'gauge',
    'Whether its checks find it up.',
    ({ standing }) => standing.healthy,
  );
  yield family(
    'lvs_backend_state',
    'gauge',
    'How it stands: up, starting, down, kept, drain, maint or standby.',
    ({ state }, begin) => `${begin},state="${state}"} 1\n`,
  );
  yield family(
    'lvs_backend_weight',
    'gauge',
    'Its weight: configured, effective once it is up for long enough, and in the kernel.',
    ({ configuredWeight, standing, kernel }, begin) => {
      const wanted = `${begin},kind="configured"} ${configuredWeight}\n${begin},kind="effective"} ${standing.fullWeight}\n`;
      return kernel === undefined ? wanted : `${wanted}${begin},kind="kernel"} ${kernel.weight}\n`;
    },
  );
  yield simple(
    'lvs_backend_active_connections',
    'gauge',
    'Established connections.',
    ({ kernel }) => kernel?.activeConnections,
  );
  yield simple(
    'lvs_backend_inactive_connections',
    'gauge',
    'Other connections that the kernel remembers.',
    ({ kernel }) => kernel?.inactiveConnections,
  );
  yield simple(
    'lvs_backend_persistent_connections',
    'gauge',
    'Clients that are bound to it.',
    ({ kernel }) => kernel?.persistentConnections,
  );
  for (const flow of flows) {
    yield simple(`lvs_backend_${flow.name}`, 'counter', flow.help, ({ kernel }) =>
      flowOf(kernel?.statistics, flow),
    );
  }
  yield family(
    'lvs_check_last_duration_seconds',
    'gauge',
    'How long the last run of a check took.',
    ({ standing }, begin) => {
      let text = '';
      for (const { check, last } of standing.checks) {
        if (last === undefined) continue;
        const seconds = Math.round(last.durationMs * 1000) / 1e6;
        text += `${begin},check="${escaped(check)}"} ${seconds}\n`;
      }
      return text;
    },
  );
  yield family(
    'lvs_check_failed_info',
    'gauge',
    'A check whose last run failed, and with what, in the words of HAProxy.',
    ({ standing }, begin) => {
      let text = '';
      for (const { check, last } of standing.checks) {
        if (last === undefined || last.passed) continue;
        text += `${begin},check="${escaped(check)}",code="${last.code}"} 1\n`;
      }
      return text;
    },
  );
}

/** Those that have gone up or down since the start. */
export function* transitionFamilies(
  counts: EventCounts,
  servers: readonly LabelledServer[],
): Generator<string> {
  const ups = 'lvs_backend_transitions_total';
  const downtime = 'lvs_backend_downtime_seconds_total';
  let transitions = heading(ups, 'counter', 'Times it came up or went down since the start.');
  let seconds = heading(downtime, 'counter', 'How long it was down since it first went down.');
  for (const { service, own, labels } of counts.hasTransitions ? servers : []) {
    const counted = counts.transitionsOf(service.name, own.server);
    if (counted === undefined) continue;
    transitions += `${ups}{${labels},to="up"} ${counted.ups}\n`;
    transitions += `${ups}{${labels},to="down"} ${counted.downs}\n`;
    seconds += `${downtime}{${labels}} ${numberText(counts.downMs(counted) / 1000)}\n`;
  }
  yield transitions;
  yield seconds;
}
