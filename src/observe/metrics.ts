import { parseServiceKey } from '../ipvs/service.ts';
import type { ServerStatus, ServiceStatus } from './director-status.ts';
import { directorFamilies, type MetricsSources } from './metrics-director.ts';
import { type LabelledServer, serverFamilies, transitionFamilies } from './metrics-servers.ts';
import {
  escaped,
  family,
  flowOf,
  flows,
  type Kind,
  type Labels,
  type Sample,
  type Value,
} from './metrics-text.ts';

const serverStates: readonly ServerStatus['state'][] = [
  'up',
  'starting',
  'down',
  'kept',
  'drain',
  'maint',
  'standby',
];

/**
 * Metrics in the text format of Prometheus, a family at a time, so that others have their turn in
 * between. Services and servers have few labels; the info metrics have the rest, to be joined.
 */
export function* metricFamilies(sources: MetricsSources): Generator<string | Buffer> {
  yield* directorFamilies(sources);
  const { services } = sources.status;
  yield* serviceFamilies(services);
  // Each label text is made once, for many lines.
  const servers = services.flatMap((service) =>
    service.servers.map((own): LabelledServer => {
      const labels = `service="${escaped(service.name)}",backend="${escaped(own.server)}"`;
      return { service, own, labels: flat(labels) };
    }),
  );
  yield* serverFamilies(servers);
  yield* transitionFamilies(sources.counts, servers);
}

function* serviceFamilies(services: readonly ServiceStatus[]): Generator<string> {
  const each = (
    name: string,
    kind: Kind,
    help: string,
    read: (service: ServiceStatus) => Value | undefined,
  ) =>
    family(
      name,
      kind,
      help,
      services.map((service) => [{ service: service.name }, read(service)]),
    );
  yield family(
    'lvs_service_info',
    'gauge',
    'What a service listens to, and how servers are chosen.',
    services.map((service) => [
      { service: service.name, ...keyLabels(service.service), scheduler: service.scheduler },
      1,
    ]),
  );
  yield each(
    'lvs_service_up',
    'gauge',
    'Whether real servers serve it: not so on its fallback, and while the checks are not believed.',
    ({ mode }) => mode === 'serving',
  );
  yield each(
    'lvs_service_quorum',
    'gauge',
    'Whether it has its quorum.',
    ({ hasQuorum }) => hasQuorum,
  );
  yield family(
    'lvs_service_mode',
    'gauge',
    'What it lives on: serving, fallback, panic, down or idle.',
    services.map(({ name, mode }) => [{ service: name, mode }, 1]),
  );
  yield each(
    'lvs_service_refused',
    'gauge',
    'Whether the kernel does not take it as it should be.',
    ({ refusal }) => refusal !== undefined,
  );
  yield family(
    'lvs_service_backends',
    'gauge',
    'Its servers by their state.',
    services.flatMap(({ name, servers }) =>
      serverStates.map(
        (state): Sample => [
          { service: name, state },
          servers.filter((server) => server.state === state).length,
        ],
      ),
    ),
  );
  for (const flow of flows) {
    yield each(`lvs_service_${flow.name}`, 'counter', flow.help, ({ statistics }) =>
      flowOf(statistics, flow),
    );
  }
}

function keyLabels(text: string): Labels {
  const key = parseServiceKey(text);
  if (key.firewallMark !== undefined) return { fwmark: String(key.firewallMark) };
  return { vip: key.address, port: String(key.port), proto: key.protocol };
}

/** The same text in one piece: one that was put together is walked through again wherever it is used. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}
