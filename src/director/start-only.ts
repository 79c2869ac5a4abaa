import { isDeepStrictEqual } from 'node:util';
import type { DirectorConfig } from '../config/director-config.ts';

/** What a director takes from its configuration when it starts, by its name in `lvskit.yaml`. */
const readers: Readonly<Record<string, (config: DirectorConfig) => unknown>> = {
  'director.state-directory': ({ director }) => director.stateDirectory,
  'director.history-size': ({ director }) => director.historyBytes,
  control: ({ control }) => control,
  metrics: ({ metrics }) => metrics,
};

/** What a new configuration says otherwise than the one a director has started with, in vain. */
export function startOnlyChanges(started: DirectorConfig, now: DirectorConfig): readonly string[] {
  return Object.entries(readers).flatMap(([name, read]) =>
    isDeepStrictEqual(read(started), read(now)) ? [] : [name],
  );
}
