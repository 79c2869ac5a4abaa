import type { DirectorStatus } from './director-status.ts';
import type { EventCounts } from './event-counts.ts';
import type { HistoryStatistics } from './history-writer.ts';
import { durationsFamily, family, type Kind, type Value } from './metrics-text.ts';

/** What metrics are made of. */
export interface MetricsSources {
  readonly status: DirectorStatus;
  readonly counts: EventCounts;
  readonly history: HistoryStatistics | undefined;
  readonly process: ProcessReadings;
}

/** What the process itself uses. */
export interface ProcessReadings {
  readonly nodeVersion: string;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** How late timers were lately, at most and on average. */
  readonly lagSeconds: { readonly max: number; readonly mean: number };
}

/** Metrics of the director itself. */
export function* directorFamilies({
  status,
  counts,
  history,
  process: own,
}: MetricsSources): Generator<string> {
  const { configuration: config, loops, vips, version, startedAt, state } = status;
  const one = (name: string, kind: Kind, help: string, value: Value) =>
    family(name, kind, help, [[{}, value]]);
  yield family('lvs_build_info', 'gauge', 'What runs.', [[{ version, node: own.nodeVersion }, 1]]);
  yield one(
    'lvs_director_running',
    'gauge',
    'Whether the director does its work.',
    state === 'running',
  );
  yield one(
    'lvs_config_last_reload_success',
    'gauge',
    'Whether the newest configuration is in force.',
    config.problem === undefined,
  );
  yield one(
    'lvs_config_last_reload_timestamp_seconds',
    'gauge',
    'When the configuration in force was loaded.',
    config.loadedAt / 1000,
  );
  yield family('lvs_config_reloads_total', 'counter', 'Times the configuration was loaded again.', [
    [{ result: 'loaded' }, config.reloads],
    [{ result: 'refused' }, config.failedReloads],
  ]);
  yield family('lvs_checks_total', 'counter', 'Results of health checks.', [
    [{ result: 'passed' }, loops.checks - loops.failedChecks],
    [{ result: 'failed' }, loops.failedChecks],
  ]);
  yield durationsFamily(
    'lvs_check_duration_seconds',
    'How long health checks took, by their kind.',
    loops.checkDurations,
  );
  yield one('lvs_checks_running', 'gauge', 'Health checks under way.', loops.checksRunning);
  yield one(
    'lvs_checks_waiting',
    'gauge',
    'Health checks that wait for others to end.',
    loops.checksWaiting,
  );
  yield one(
    'lvs_reconcile_total',
    'counter',
    'Times the table was compared with what it should be.',
    loops.comparisons,
  );
  yield one(
    'lvs_reconcile_duration_seconds',
    'gauge',
    'How long that took the last time.',
    (loops.comparisonMs ?? 0) / 1000,
  );
  yield one(
    'lvs_kernel_changes_total',
    'counter',
    'Commands that changed the table.',
    loops.changes,
  );
  yield one(
    'lvs_kernel_drifts_total',
    'counter',
    'Times others were found to have changed the table.',
    loops.drifts,
  );
  yield family(
    'lvs_vip_present',
    'gauge',
    'Whether a VIP that the director owns is on its link.',
    vips.map(({ vip, link, present }) => [{ vip, link }, present]),
  );
  yield family(
    'lvs_events_total',
    'counter',
    'What has happened since the start.',
    Array.from(counts.events, ([event, count]) => [{ event }, count]),
  );
  if (history !== undefined) {
    yield one(
      'lvs_history_lost_total',
      'counter',
      'Records of the history that could not be written.',
      history.lost,
    );
    yield one(
      'lvs_history_writable',
      'gauge',
      'Whether the history can be written.',
      history.problem === undefined,
    );
  }
  yield family(
    'lvs_eventloop_lag_seconds',
    'gauge',
    'How late timers were since the last scrape.',
    [
      [{ stat: 'max' }, own.lagSeconds.max],
      [{ stat: 'mean' }, own.lagSeconds.mean],
    ],
  );
  yield one('process_start_time_seconds', 'gauge', 'When the director started.', startedAt / 1000);
  yield one(
    'process_cpu_seconds_total',
    'counter',
    'Processor time, of user and system.',
    own.cpuSeconds,
  );
  yield one('process_resident_memory_bytes', 'gauge', 'Memory.', own.residentBytes);
}
