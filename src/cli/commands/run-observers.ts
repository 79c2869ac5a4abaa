import type { DirectorConfig } from '../../config/director-config.ts';
import type { Director } from '../../director/director.ts';
import { Hooks } from '../../observe/hooks.ts';
import { MetricsError, MetricsServer } from '../../observe/metrics-server.ts';
import type { Recorder } from '../../observe/recorder.ts';

/** Those that are told of a director. */
export interface Observers extends AsyncDisposable {
  /** Takes in another configuration; metrics stay where they are. */
  update(config: DirectorConfig): void;
}

/**
 * Has programs, addresses and Prometheus told of a director, as its configuration says. That any of it
 * does not work is told, and no more: servers are balanced all the same.
 */
export async function openObservers(
  { hooks: settings, metrics }: DirectorConfig,
  director: Director,
  recorder: Recorder,
): Promise<Observers> {
  const hooks = new Hooks({ hooks: settings, onTrouble: (reason) => director.report(reason) });
  hooks.attach(director);
  let server: MetricsServer | undefined;
  if (metrics !== undefined) {
    try {
      const history = () => recorder.statistics;
      server = await MetricsServer.open({ settings: metrics, operations: director, history });
    } catch (error) {
      if (!(error instanceof MetricsError)) throw error;
      director.report(error.message);
    }
  }
  return {
    update: ({ hooks: others }) => hooks.set(others),
    [Symbol.asyncDispose]: async () => {
      await server?.close();
      await hooks.close();
    },
  };
}
