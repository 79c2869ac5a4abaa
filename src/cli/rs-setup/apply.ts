import type { Command } from 'commander';
import {
  type ApplyOptions,
  type ApplyResult,
  applyRealServer,
  knownSetups,
} from '../../real-server/apply.ts';
import { applyConfig, type ConfigResult } from '../../real-server/apply-config.ts';
import { wordsOf } from '../../real-server/real-server-error.ts';
import { titleOf } from '../../real-server/setup-settings.ts';
import {
  type CommandContext,
  type CommandDetails,
  type RunnableCommand,
  UsageError,
} from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { styleFor } from '../output/style.ts';
import {
  addCommonOptions,
  type CommonOptions,
  exitStatus,
  launchWords,
  sessionOptions,
  several,
} from './options.ts';
import { addSshOptions, runOverSsh, type SshOptions, sshText } from './over-ssh.ts';
import { noteLines, planDocument, planLines, unchanged } from './plan-text.ts';
import { addConfigOptions, scriptOf } from './script-options.ts';
import {
  addSettingsOptions,
  givenBeside,
  type SettingsOptions,
  settingsOf,
} from './settings-options.ts';

interface ApplyCommandOptions extends CommonOptions, SettingsOptions, SshOptions {
  readonly name?: string;
  readonly persist?: boolean;
  readonly before?: readonly string[];
  readonly saved?: true;
  readonly server?: readonly string[];
  readonly config?: string;
  readonly dryRun?: true;
}

export const details: CommandDetails = {
  text: [
    `Changes what has to be changed, and writes down first what it was, so that undo can make it
    so again. Run again, it has nothing to do. When something fails, it takes back what it did.`,
    `Several setups can be in place at once, each with a name of its own; the same name again
    replaces the settings.`,
    sshText,
  ],
  examples: [
    { command: 'rs-setup apply --mode dr --vip 192.0.2.10 --dry-run', what: 'show the plan' },
    {
      command: 'rs-setup apply --mode dr --vip 192.0.2.10,2001:db8::10 --persist',
      what: 'direct routing, coming back when the machine is started again',
    },
    {
      command: 'rs-setup apply --config lvskit.yaml --persist',
      what: "what the director's file has for this machine, found by its addresses",
    },
    {
      command: 'rs-setup apply --mode dr --vip 192.0.2.10 --ssh root@rs1,root@rs2',
      what: 'on two other machines, which need no Node.js',
    },
    {
      command: 'rs-setup apply --config storage.yaml --dry-run',
      what: 'storage: entries of type nfs, iscsi and das, to be mounted',
    },
    {
      command: 'rs-setup apply --mode nat --vip 192.0.2.10 --gateway 10.0.0.1',
      what: 'address translation; 10.0.0.1 is the director',
    },
  ],
  exitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addSettingsOptions(command);
  addConfigOptions(command);
  command
    .option('--name <text>', 'what the setup is called (default: its mode and VIPs)')
    .option('--persist', 'come back when the machine is started again')
    .option('--no-persist', 'do not, from now on')
    .option('--before <unit>', 'a systemd unit that must not start before it is back', several)
    .option('--saved', 'apply what is to persist, as the systemd unit does')
    .option('--dry-run', 'show what would be done, and do nothing');
  addSshOptions(command);
  addCommonOptions(command);
  return (options) => runApply(options as unknown as ApplyCommandOptions, context);
}

async function runApply(options: ApplyCommandOptions, context: CommandContext): Promise<number> {
  if (options.ssh !== undefined) return await runThere(options, context);
  if (options.server !== undefined) {
    throw new UsageError('--server goes with --ssh; this machine finds itself by its addresses');
  }
  const results: ApplyResult[] = [];
  const { name, persist, before, dryRun = false } = options;
  const common: ApplyOptions = {
    ...sessionOptions(options, context),
    launch: launchWords(),
    dryRun,
  };
  if (options.saved) {
    if (options.mode !== undefined || options.vip !== undefined) {
      throw new UsageError(
        '--saved applies what is known already: --mode and --vip do not go with it',
      );
    }
    return await runSaved(options, common, context);
  } else if (options.config !== undefined) {
    return await runConfig(options.config, options, { ...common, persist, before }, context);
  } else {
    const settings = settingsOf(options);
    results.push(await applyRealServer(settings, { ...common, name, persist, before }));
  }
  show({ applied: results, undone: undefined, notes: [] }, options, context);
  return exitCode.done;
}

/** On other machines. */
async function runThere(options: ApplyCommandOptions, context: CommandContext): Promise<number> {
  const { persist, before, saved, dryRun = false } = options;
  if (persist !== undefined || before !== undefined || saved !== undefined) {
    throw new UsageError('--persist, --before and --saved are of this machine, not for --ssh');
  }
  const { script, notes } = await scriptOf(options);
  for (const line of noteLines(notes)) context.stderr.write(`${line}\n`);
  const words = dryRun ? ['apply', '--dry-run'] : ['apply'];
  return await runOverSsh({ ...options, script, words, detailed: dryRun }, context);
}

/** Each by itself, storage last: a server that is dead at the start keeps nothing else away. */
async function runSaved(
  options: ApplyCommandOptions,
  common: ApplyOptions,
  context: CommandContext,
): Promise<number> {
  const known = (await knownSetups(common)).filter(({ persist }) => persist);
  const isStorage = ({ settings }: (typeof known)[number]) => settings.mode === 'storage';
  const inOrder = [...known.filter((one) => !isStorage(one)), ...known.filter(isStorage)];
  const applied: ApplyResult[] = [];
  const failures: unknown[] = [];
  for (const { settings, name, origin } of inOrder) {
    try {
      applied.push(await applyRealServer(settings, { ...common, name, origin }));
    } catch (error) {
      context.signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length === 0 || applied.length > 0) {
    show({ applied, undone: undefined, notes: [] }, options, context);
  }
  const last = failures.pop();
  for (const failure of failures) context.stderr.write(`rs-setup: ${wordsOf(failure)}\n`);
  if (last !== undefined) throw last;
  return exitCode.done;
}

async function runConfig(
  file: string,
  options: ApplyCommandOptions,
  common: ApplyOptions,
  context: CommandContext,
): Promise<number> {
  if (options.name !== undefined) {
    throw new UsageError('--config says what to be: --name does not go with it');
  }
  show(await applyConfig(file, givenBeside(options), common), options, context);
  return exitCode.done;
}

function show(result: ConfigResult, options: ApplyCommandOptions, context: CommandContext): void {
  const { dryRun = false, output } = options;
  const { applied, undone, notes } = result;
  if (output === 'json') {
    const undo =
      undone === undefined
        ? {}
        : { undone: { names: undone.names, ...planDocument(undone.items, undone.files) } };
    const document = { version: 1, dryRun, setups: applied.map(resultDocument), ...undo, notes };
    context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    return;
  }
  const style = styleFor(context.stdout, context.environment);
  if (undone !== undefined) {
    const what = `${undone.names.join(', ')}: not in the file any more, ${dryRun ? 'would be ' : ''}undone:`;
    const lines = [
      what,
      ...planLines(undone.items, undone.files, style),
      ...noteLines(undone.notes),
    ];
    context.stdout.write(`${lines.join('\n')}\n`);
  }
  context.stdout.write(text(applied, dryRun, context));
  for (const line of noteLines(notes)) context.stdout.write(`${line}\n`);
}

function resultDocument({ setup, items, files, notes, changed }: ApplyResult) {
  const { name, settings, persist } = setup;
  return { name, settings, persist, changed, ...planDocument(items, files), notes };
}

function text(results: readonly ApplyResult[], dryRun: boolean, context: CommandContext): string {
  const style = styleFor(context.stdout, context.environment);
  if (results.length === 0) return 'nothing to set up\n';
  const lines = results.flatMap(({ setup, items, files, notes, changed }) => {
    const what = titleOf(setup.settings);
    const changes = planLines(items, files, style);
    if (!changed) return [`${what}: nothing to do`];
    if (changes.length === 0) return [`${what}: ${dryRun ? 'would be' : 'is'} written down`];
    const title = dryRun ? `${what} would change:` : `${what}, changed:`;
    const same = unchanged(items);
    const rest = same === 0 ? [] : [`  (${same} more ${same === 1 ? 'is' : 'are'} as wanted)`];
    return [title, ...changes, ...rest, ...noteLines(notes)];
  });
  return `${lines.join('\n')}\n`;
}
