import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { EventCounts } from '../../../src/observe/event-counts.ts';
import { metricFamilies } from '../../../src/observe/metrics.ts';
import { MetricsServer } from '../../../src/observe/metrics-server.ts';
import { FakeDirector } from '../../support/fake-director.ts';
import { serviceOf } from '../../support/health.ts';

const own = {
  nodeVersion: '20.20.2',
  cpuSeconds: 1.5,
  residentBytes: 50_000_000,
  lagSeconds: { max: 0.02, mean: 0.001 },
};

async function metricsOf(director: FakeDirector, counts = new EventCounts()): Promise<string> {
  const status = await director.status();
  const history = { written: 5, lost: 2, problem: undefined };
  return [...metricFamilies({ status, counts, history, process: own })].join('');
}

interface Parsed {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, string>;
}

const sample = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,|(?=\})))*\})? (\S+)$/;

/** Reads the text format as strictly as it is defined; families stay together, series are unique. */
function read(text: string): Parsed {
  expect(text.endsWith('\n')).toBe(true);
  const types = new Map<string, string>();
  const samples = new Map<string, string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      const [, name = '', kind = ''] = type;
      expect(types.has(name), name).toBe(false);
      expect(kind === 'counter', name).toBe(name.endsWith('_total'));
      types.set(name, kind);
      current = name;
    } else if (!/^# HELP \S+ \S.*\.$/.test(line)) {
      const [, name = '', labels = '', value = ''] = sample.exec(line) ?? [];
      const isHistogram = types.get(current) === 'histogram';
      expect(isHistogram ? name.replace(/_(bucket|sum|count)$/, '') : name, line).toBe(current);
      expect(samples.has(`${name}${labels}`), line).toBe(false);
      expect(Number.isNaN(Number(value)), line).toBe(false);
      samples.set(`${name}${labels}`, value);
    }
  }
  return { types, samples };
}

describe('metrics', () => {
  it('are in the format of Prometheus, with every digit of counters', async () => {
    const { samples } = read(await metricsOf(new FakeDirector()));
    const backend = '{service="web",backend="10.0.0.11:80"}';
    const big = 2n ** 60n;
    expect(samples.get('lvs_service_in_packets_total{service="web"}')).toBe(`${big + 100n}`);
    expect(samples.get(`lvs_backend_in_bytes_total${backend}`)).toBe(`${big + 11n}`);
    expect(samples.get(`lvs_backend_up${backend}`)).toBe('1');
    expect(samples.get('lvs_backend_state{service="web",backend="10.0.0.11:80",state="up"}')).toBe(
      '1',
    );
    expect(
      samples.get(
        'lvs_service_info{service="web",vip="192.0.2.1",port="80",proto="tcp",scheduler="wlc"}',
      ),
    ).toBe('1');
    // Answers that never pass the director are no zero.
    expect(samples.has(`lvs_backend_out_bytes_total${backend}`)).toBe(false);
    expect(samples.get('lvs_checks_total{result="failed"}')).toBe('7');
    expect(samples.get(`lvs_backend_weight${backend.replace('}', ',kind="configured"}')}`)).toBe(
      '2',
    );
    expect(samples.get(`lvs_backend_persistent_connections${backend}`)).toBe('2');
    const took = (name: string, le = '') =>
      samples.get(`lvs_check_duration_seconds_${name}{kind="tcp"${le}}`);
    expect(took('bucket', ',le="0.001"')).toBe('1');
    expect(took('bucket', ',le="0.002"')).toBe('1');
    expect(took('bucket', ',le="0.005"')).toBe('2');
    expect(took('bucket', ',le="10"')).toBe('3');
    expect(took('bucket', ',le="+Inf"')).toBe('4');
    expect([took('count'), took('sum')]).toEqual(['4', '20.0334']);
    expect(samples.get('lvs_history_lost_total')).toBe('2');
    expect(samples.get('lvs_config_last_reload_success')).toBe('1');
  });

  it('tell of servers that are out or down, and how often they went', async () => {
    const director = new FakeDirector();
    const counts = new EventCounts(() => director.clock.now());
    director.subscribe((event) => counts.take(event));
    await director.override('web', '10.0.0.12:80', { mode: 'maint' }, 'alice');
    director.refusing.add('10.0.0.21');
    await director.check();
    const { samples } = read(await metricsOf(director, counts));
    const out = 'service="web",backend="10.0.0.12:80"';
    expect(samples.get(`lvs_backend_state{${out},state="maint"}`)).toBe('1');
    expect(samples.has(`lvs_backend_weight{${out},kind="kernel"}`)).toBe(false);
    expect(samples.has(`lvs_backend_in_bytes_total{${out}}`)).toBe(false);
    const down = 'service="api:8080",backend="10.0.0.21:80"';
    expect(samples.get(`lvs_backend_up{${down}}`)).toBe('0');
    expect(samples.get(`lvs_backend_weight{${down},kind="kernel"}`)).toBe('0');
    expect(samples.get(`lvs_backend_transitions_total{${down},to="down"}`)).toBe('1');
    const seconds = Number(samples.get(`lvs_backend_downtime_seconds_total{${down}}`));
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(10);
    const code = 'check="tcp 10.0.0.21:80",code="L4CON"';
    expect(samples.get(`lvs_check_failed_info{${down},${code}}`)).toBe('1');
    expect(samples.get('lvs_service_backends{service="api:8080",state="down"}')).toBe('1');
    expect(samples.get('lvs_events_total{event="server-down"}')).toBe('1');
    director.refusing.clear();
    await director.check();
    const later = read(await metricsOf(director, counts)).samples;
    expect(later.get(`lvs_backend_transitions_total{${down},to="up"}`)).toBe('1');
    const longer = Number(later.get(`lvs_backend_downtime_seconds_total{${down}}`));
    expect(longer).toBeGreaterThan(seconds);
    expect(longer).toBeLessThan(seconds + 10);
  });

  it('take any name', async () => {
    const odd = serviceOf('a "b" \\ c\nd', [{ address: '10.0.0.1' }]);
    const { samples } = read(await metricsOf(new FakeDirector([odd])));
    expect(samples.has('lvs_service_up{service="a \\"b\\" \\\\ c\\nd"}')).toBe(true);
  });
});

describe('the server of metrics', () => {
  async function serve(director = new FakeDirector()) {
    const errors: unknown[] = [];
    const server = await MetricsServer.open({
      settings: { address: '127.0.0.1', port: 0 },
      operations: director,
      history: () => ({ written: 0, lost: 0, problem: undefined }),
      onError: (error) => errors.push(error),
    });
    onTestFinished(() => server.close());
    return { server, errors, url: `http://127.0.0.1:${server.port}/metrics` };
  }

  it('serves them, and says what they are', async () => {
    const { url } = await serve();
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { samples } = read(await response.text());
    expect(samples.get('lvs_director_running')).toBe('1');
    expect(Number(samples.get('process_resident_memory_bytes'))).toBeGreaterThan(1e6);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('has nothing that could be written, and nothing else', async () => {
    const director = new FakeDirector();
    const { url } = await serve(director);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await fetch(url, { method });
      expect(response.status, method).toBe(405);
      expect(response.headers.get('allow')).toBe('GET, HEAD');
    }
    const other = url.replace('/metrics', '/v1/override');
    expect((await fetch(other)).status).toBe(404);
    expect((await fetch(other, { method: 'POST', body: '{}' })).status).toBe(405);
    expect(director.statusCalls).toBe(0);
  });

  it('asks the director once for those who ask at the same time, and says when it has no answer', async () => {
    const director = new FakeDirector();
    const { server, url, errors } = await serve(director);
    const connection = connect(server.port, '127.0.0.1');
    const request = 'GET /metrics HTTP/1.1\r\nHost: x\r\n';
    // They come in one piece, so that both are there before the first is answered.
    connection.write(`${request}\r\n${request}Connection: close\r\n\r\n`);
    let answered = '';
    for await (const piece of connection.setEncoding('utf8')) answered += piece;
    expect(answered.match(/^HTTP\/1.1 200 OK\r$/gm)).toHaveLength(2);
    expect(director.statusCalls).toBe(1);
    director.failure = new Error('no kernel');
    expect((await fetch(url)).status).toBe(503);
    expect(errors).toEqual([expect.objectContaining({ message: 'no kernel' })]);
    expect((await fetch(url)).status).toBe(200);
  });

  it('answers while others are connected and say nothing', async () => {
    const { server, url } = await serve();
    const idle = Array.from({ length: 30 }, () => connect(server.port, '127.0.0.1'));
    for (const one of idle) one.on('error', () => undefined);
    expect((await fetch(url)).status).toBe(200);
    for (const one of idle) one.destroy();
  });

  it('says why it cannot listen', async () => {
    const { server } = await serve();
    const settings = { address: '127.0.0.1', port: server.port };
    const director = new FakeDirector();
    await expect(MetricsServer.open({ settings, operations: director })).rejects.toMatchObject({
      code: 'METRICS_UNUSABLE',
      message: `cannot serve metrics at 127.0.0.1:${server.port}: somebody else listens there`,
    });
    expect(director.listeners).toBe(0);
  });
});

describe('what is shipped for metrics', () => {
  const rules = parse(readFileSync('packaging/prometheus/lvskit-rules.yml', 'utf8')) as {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly record?: string;
        readonly alert?: string;
        readonly expr: string;
      }[];
    }[];
  };
  const dashboard = JSON.parse(readFileSync('packaging/grafana/lvskit.json', 'utf8')) as {
    readonly panels: readonly {
      readonly id: number;
      readonly targets: readonly { readonly expr: string }[];
    }[];
  };
  const page = readFileSync('docs/metrics.md', 'utf8');

  async function known(): Promise<ReadonlySet<string>> {
    const { types } = read(await metricsOf(new FakeDirector()));
    return new Set([...types.keys(), 'up']);
  }

  const namesIn = (expression: string) =>
    expression.replaceAll(/"[^"]*"/g, '').match(/\b(?:lvs|process)_[a-z_]+\b/g) ?? [];

  it('uses metrics that there are', async () => {
    const all = rules.groups.flatMap((group) => group.rules);
    expect(all.length).toBeGreaterThan(15);
    const expressions = [
      ...all.map(({ expr }) => expr),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    const metrics = await known();
    const unknown = expressions.flatMap(namesIn).filter((name) => !metrics.has(name));
    expect(unknown).toEqual([]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('is described with every metric and every alert, and no others', async () => {
    const metrics = [...(await known())].filter((name) => name !== 'up');
    const told = new Set(
      Array.from(page.matchAll(/`((?:lvs|process)_[a-z_]+)[`{]/g), ([, name = '']) => name),
    );
    expect([...told].sort()).toEqual(metrics.sort());
    const alerts = rules.groups.flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []));
    for (const alert of alerts) expect(page).toContain(`\`${alert}\``);
  });
});
