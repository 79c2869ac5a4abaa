import type { RemoteHost } from './remote-host.ts';
import { type RemoteOptions, type RemoteResult, runScriptOn } from './run-script.ts';

export interface EverywhereOptions extends RemoteOptions {
  /** How many hosts at once. */
  readonly parallel: number;
  /** Told as each host is done, in whatever order that is. */
  readonly onResult?: ((result: RemoteResult) => void) | undefined;
}

/** Runs a script on hosts, several at once. One that fails does not stop the others. */
export async function runEverywhere(
  hosts: readonly RemoteHost[],
  script: string,
  words: readonly string[],
  { parallel, onResult, ...options }: EverywhereOptions,
): Promise<readonly RemoteResult[]> {
  const results = new Map<RemoteHost, RemoteResult>();
  const waiting = hosts.values();
  const work = async () => {
    for (const host of waiting) {
      options.signal?.throwIfAborted();
      const result = await runScriptOn(host, script, words, options);
      results.set(host, result);
      onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, hosts.length) }, work));
  options.signal?.throwIfAborted();
  return hosts.flatMap((host) => results.get(host) ?? []);
}
