import { type Command, Option } from 'commander';
import type { DirectorConfig } from '../../config/director-config.ts';
import { ControlError } from '../../control/control-error.ts';
import { ControlServer } from '../../control/server.ts';
import { ConfigSource } from '../../director/config-source.ts';
import { Director } from '../../director/director.ts';
import { openHost } from '../../director/host.ts';
import { lockInstance } from '../../director/instance-lock.ts';
import { ServiceManager } from '../../director/service-manager.ts';
import { startOnlyChanges } from '../../director/start-only.ts';
import { systemClock } from '../../health/clock.ts';
import { KeptOverrides } from '../../observe/kept-overrides.ts';
import { OverrideFile } from '../../observe/override-file.ts';
import { Recorder } from '../../observe/recorder.ts';
import { notify, watchdogIntervalMs } from '../../system/notify.ts';
import {
  type CommandContext,
  type CommandDetails,
  type RunnableCommand,
  UsageError,
} from '../command-context.ts';
import { addConfigArgument, showWarnings } from '../config-file.ts';
import { exitCode } from '../exit-code.ts';
import { ownVersion } from '../own-program.ts';
import { addNetnsOption, type TableOptions } from '../table-options.ts';
import { eventLog, type LogFormat } from './run-log.ts';
import { type Observers, openObservers } from './run-observers.ts';

interface RunOptions extends TableOptions {
  readonly logFormat: LogFormat;
}

export const details: CommandDetails = {
  text: [
    `Runs until it is told to end: makes the table what lvskit.yaml says, checks the servers, takes
    those that fail out of service and those that recover back in, and undoes what others do to the
    table. What the kernel has already is taken over as it is: nothing is sent for what is right, and
    no connection notices. What the file does not have is removed, once its connections have ended or
    its drain-timeout is over.`,
    `When the file changes, or one that it includes, or on SIGHUP, it is loaded again. One that is
    wrong is refused with the place of each mistake, and the one before goes on.`,
    `On SIGTERM and SIGINT it ends and leaves the table as it is, and the kernel goes on balancing
    without checks; with on-stop: flush all services are removed. The next run takes the table over.
    The same is true when it is killed.`,
    `Events are written to standard output, a line each. It needs CAP_NET_ADMIN and CAP_NET_RAW, and
    not root.`,
  ],
  examples: [
    { command: 'lvskit run', what: 'for /etc/lvskit/lvskit.yaml' },
    { command: 'lvskit run --log-format json lvskit.yaml', what: 'with events for programs' },
    { command: 'systemctl enable --now lvskit', what: 'as a service of the system' },
  ],
  exitStatus: [
    [0, 'ended because it was told to'],
    [1, 'something failed, or a director runs here already'],
    [2, 'wrong usage or invalid configuration; nothing was changed'],
    [4, 'this kernel has no IPVS'],
    [77, 'not permitted'],
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addNetnsOption(
    addConfigArgument(command).addOption(
      new Option('--log-format <format>', 'how events are written')
        .choices(['text', 'json'])
        .default('text'),
    ),
  );
  return (given, [file]) => run(String(file), given as unknown as RunOptions, context);
}

async function run(file: string, options: RunOptions, context: CommandContext): Promise<number> {
  if (file === '-') throw new UsageError('a director needs a file, to load again when it changes');
  const { signal, environment } = context;
  const source = new ConfigSource(file);
  const load = async (): Promise<DirectorConfig> => {
    const config = await source.load();
    showWarnings(config, context);
    return config;
  };
  const config = await load();
  let observers: Observers | undefined;
  const reloadAll = async (): Promise<DirectorConfig> => {
    const next = await load();
    const late = startOnlyChanges(config, next).join(', ');
    if (late !== '') {
      context.stderr.write(
        `lvskit: warning: what has changed of ${late} is taken at the next start\n`,
      );
    }
    observers?.update(next);
    return next;
  };
  using _lock = await lockInstance(options.netns);
  await using host = await openHost(options.netns);
  const { stateDirectory, historyBytes } = config.director;
  const overrides = await KeptOverrides.load(new OverrideFile(stateDirectory));
  const director = new Director({
    config,
    load: reloadAll,
    host,
    overrides,
    version: ownVersion(),
  });
  director.subscribe(eventLog(options.logFormat, context));
  const recorder = await Recorder.open({
    stateDirectory,
    bytes: historyBytes,
    onProblem: (reason) => reason !== undefined && director.report(reason),
  });
  recorder.attach(director);
  observers = await openObservers(config, director, recorder);
  const manager = new ServiceManager({
    notify: (state) => notify(state, environment),
    clock: systemClock,
    watchdogMs: watchdogIntervalMs(environment),
    isAlive: () => director.isAlive,
    status: () => director.summary,
  });
  director.subscribe((event) => manager.tell(event));
  let control: ControlServer | undefined;
  try {
    const { damage } = overrides;
    if (damage !== undefined) {
      director.report(`what operators wanted is lost: ${damage.reason} (now ${damage.path})`);
    }
    await director.start();
    control = await openControl(config, director, recorder);
    manager.ready();
    const reload = () => {
      manager.reloading();
      // What keeps it from being loaded is an event.
      director.reload().catch(() => undefined);
    };
    const endHangups = context.onHangup?.(reload);
    const endWatch = watch(source, reload);
    await aborted(signal);
    endWatch();
    endHangups?.();
    await manager.stopping();
  } finally {
    await control?.close();
    await director.stop(signal.aborted ? String(signal.reason) : 'it could not start');
    manager.close();
    await observers?.[Symbol.asyncDispose]();
    await recorder.close();
  }
  return exitCode.done;
}

/** Without it servers are balanced all the same: that it cannot be had is told, and no more. */
async function openControl(
  { control: settings, director: { stateDirectory } }: DirectorConfig,
  director: Director,
  recorder: Recorder,
): Promise<ControlServer | undefined> {
  try {
    const history = {
      stateDirectory,
      get statistics() {
        return recorder.statistics;
      },
      flush: () => recorder.flush(),
    };
    return await ControlServer.open({ settings, operations: director, history });
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    director.report(error.message);
    return undefined;
  }
}

const watchMs = 1000;

/** Calls back when the configuration has changed. Returns what ends that. */
function watch(source: ConfigSource, onChange: () => void): () => void {
  let timer: NodeJS.Timeout;
  let isOver = false;
  const look = async () => {
    if (await source.hasChanged()) onChange();
    if (!isOver) timer = setTimeout(() => void look(), watchMs);
  };
  timer = setTimeout(() => void look(), watchMs);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
