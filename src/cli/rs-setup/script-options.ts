import type { Command } from 'commander';
import { readWanted } from '../../real-server/apply-config.ts';
import type { FromDirector } from '../../real-server/from-director.ts';
import { realServerScript } from '../../real-server/script/script.ts';
import { storageTitle } from '../../real-server/storage/settings.ts';
import { UsageError } from '../command-context.ts';
import { several } from './options.ts';
import {
  addSettingsOptions,
  givenBeside,
  type SettingsOptions,
  settingsOf,
} from './settings-options.ts';

/** The options that say what a machine is to be that is not this one, as commander reads them. */
export interface ScriptOptions extends SettingsOptions {
  readonly name?: string;
  readonly config?: string;
  readonly server?: readonly string[];
}

export function addConfigOptions(command: Command): void {
  command
    .option(
      '-c, --config <file>',
      "what to be, from a file: setups and storage, or the director's lvskit.yaml",
    )
    .option(
      '--server <address>',
      "with the director's file: the server of another machine's script, by its address",
      several,
    );
}

export function addScriptOptions(command: Command): void {
  addSettingsOptions(command);
  addConfigOptions(command);
  command.option(
    '--name <text>',
    'what the setup is called (default: its mode and VIPs; config for a file)',
  );
}

/** The script that the options ask for, and what the file leaves open. */
export async function scriptOf(
  options: ScriptOptions,
): Promise<{ readonly script: string; readonly notes: readonly string[] }> {
  const { config, name = config === undefined ? undefined : 'config' } = options;
  const { setups, notes } = await wantedSetups(options);
  const mounted = setups.flatMap(({ settings }) =>
    settings.mode === 'storage' ? [storageTitle(settings.storage)] : [],
  );
  // A file of storage alone has no script, and is refused below.
  const left = mounted.length === setups.length ? [] : mounted;
  const served =
    left.length === 0 ? setups : setups.filter(({ settings }) => settings.mode !== 'storage');
  return {
    script: realServerScript(served, { name }),
    notes: [...notes, ...left.map((title) => `${title} is not in the script: it mounts nothing`)],
  };
}

/** What another machine is to be. */
async function wantedSetups(options: ScriptOptions): Promise<FromDirector> {
  const { config, server } = options;
  if (config === undefined) {
    if (server !== undefined) throw new UsageError('--server has a meaning with --config only');
    return { setups: [{ settings: settingsOf(options) }], notes: [] };
  }
  return await readWanted(config, givenBeside(options), async () => {
    if (server !== undefined) return server;
    throw new UsageError(`--server has to say which of the servers in ${config} it is for`);
  });
}
