import { release } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Ipvs } from '../../ipvs/client.ts';
import { type KnownScheduler, schedulers } from '../../ipvs/scheduler.ts';
import { demonstrate } from '../../lab/demonstration.ts';
import {
  type DirectorDeath,
  demonstrateDirectorDeath,
  demonstrateServerDeath,
} from '../../lab/failure.ts';
import type { LabStep } from '../../lab/host.ts';
import { Lab } from '../../lab/lab.ts';
import { schedulerPromises } from '../../lab/promise.ts';
import type { LabServer } from '../../lab/server.ts';
import { type LabForwarding, planTopology } from '../../lab/topology.ts';
import {
  type CommandContext,
  type CommandDetails,
  type RunnableCommand,
  UsageError,
} from '../command-context.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { styleFor } from '../output/style.ts';
import { drawTopology } from '../output/topology-drawing.ts';
import { LabDirector } from './lab-director.ts';
import { labDocument } from './lab-document.ts';
import { LabReport } from './lab-report.ts';
import { runLabShell } from './lab-shell.ts';

/** The options of `lvskit lab`, as commander reads them. */
interface LabCommandOptions {
  readonly forwarding: LabForwarding;
  readonly scheduler: KnownScheduler;
  readonly requests: number;
  readonly ipv6?: true;
  readonly keep?: true;
  readonly dryRun?: true;
  readonly output: 'text' | 'json';
}

const mostRequests = 1000;
const port = 80;

export const details: CommandDetails = {
  text: [
    `Builds a client, a director and two real servers as network namespaces, has lvskit run direct
    by a file of its own, makes connections from the client to the virtual address, and compares
    who answered them with what the scheduler promises. Then a real server dies and comes back, and
    the director is killed and started again, while the client goes on. Needs root and a kernel with
    IPVS.`,
  ],
  exitStatus: [
    [0, 'every promise was kept'],
    [1, 'one was not or something failed'],
    [2, 'wrong usage'],
    [4, 'this kernel has no IPVS'],
    [77, 'not permitted'],
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  command
    .addOption(
      new Option('-f, --forwarding <method>', 'how the director reaches the real servers')
        .choices(['dr', 'nat', 'tun'])
        .default('dr'),
    )
    .addOption(
      new Option('-s, --scheduler <name>', 'how a server is chosen')
        .choices(schedulers)
        .default('rr'),
    )
    .option(
      '-n, --requests <number>',
      `connections to make, 1 to ${mostRequests}`,
      requestCount,
      20,
    )
    .option('-6, --ipv6', 'use IPv6')
    .option('-k, --keep', 'stay up afterwards, with a shell')
    .option('--dry-run', 'show what would be built, and build nothing')
    .addOption(
      new Option('-o, --output <format>', 'how to show it')
        .choices(['text', 'json'])
        .default('text'),
    );
  return (options) => runLab(options as unknown as LabCommandOptions, context);
}

function requestCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= mostRequests) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${mostRequests}.`);
}

async function runLab(options: LabCommandOptions, context: CommandContext): Promise<number> {
  const { forwarding, scheduler, requests } = options;
  const { signal } = context;
  const json = options.output === 'json';
  if (json && options.keep) {
    throw new UsageError('--keep shows a shell, which cannot go together with --output json');
  }
  const family = options.ipv6 ? 'ipv6' : 'ipv4';
  const style = styleFor(context.stdout, context.environment);
  const drawing = drawTopology(planTopology({ forwarding, family }), style);
  if (options.dryRun) {
    context.stdout.write(`${drawing.join('\n')}\n`);
    return exitCode.done;
  }

  const version = await ipvsVersion().catch((error: unknown) => {
    if (exitCodeOf(error) !== exitCode.noIpvs) throw error;
    context.stderr.write(
      '(in a checkout of lvskit, npm start runs the lab on a kernel that has it)\n',
    );
    throw error;
  });
  const report = json ? undefined : new LabReport(context.stdout, style);
  const steps: LabStep[] = [];
  report?.begin({ kernel: release(), ipvs: version, forwarding, family, scheduler, drawing });
  await using lab = await Lab.create({
    forwarding,
    family,
    signal,
    onStep: (step) => {
      steps.push(step);
      report?.step(step);
    },
  });
  const promise = schedulerPromises[scheduler];
  const weights = promise.weights(lab.realServers.length, requests);
  const servers: LabServer[] = [];
  for (const host of lab.realServers) servers.push(await lab.serve(host, { port }));
  await using director = await LabDirector.create(lab, {
    scheduler,
    weights,
    port,
    signal,
    onEvent: (event) => report?.event(event),
  });
  report?.director(director.config);
  await director.start();
  const service = { protocol: 'tcp', address: lab.vip, port } as const;
  await director.serving();

  const result = await demonstrate(
    lab,
    { service, scheduler, weights, requests, signal },
    {
      onRequests: () => report?.requests(lab, requests, promise),
      onAnswer: (answer) => report?.answer(answer),
      onCounting: () => report?.counting(),
    },
  );
  report?.result(lab, result);
  const last = servers.find(({ host }) => host.name === result.answers.at(-1)?.server);
  if (last === undefined) throw new Error('no real server has answered');
  const serverDeath = await demonstrateServerDeath(lab, service, last, signal, report?.failure);
  report?.serverDeath(serverDeath);
  report?.directorDies();
  const { directorDeath, isQuiet } = await directorDies(lab, director, signal);
  report?.directorDeath(directorDeath, isQuiet);

  const kept =
    result.verdict.kept &&
    result.counted &&
    result.claims.onlyDirector &&
    directorDeath.outage.failed === 0 &&
    isQuiet;
  if (json) {
    const { config, events } = director;
    const seen = { steps, result, config, events, serverDeath, directorDeath };
    const document = labDocument(lab, scheduler, seen, kept);
    context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  }
  if (options.keep) await runLabShell(lab, director.socket, context, style);
  return kept ? exitCode.done : exitCode.failed;
}

/** The death of a director, and whether the next one had nothing to change or to tell. */
async function directorDies(
  lab: Lab,
  director: LabDirector,
  signal: AbortSignal,
): Promise<{ readonly directorDeath: DirectorDeath; readonly isQuiet: boolean }> {
  let told = 0;
  const kill = async () => {
    await director.kill();
    told = director.events.length;
  };
  const directorDeath = await demonstrateDirectorDeath(lab, kill, () => director.start(), signal);
  const isQuiet = director.events.slice(told).every(({ event }) => event === 'started');
  return { directorDeath, isQuiet };
}

/** Tells at once, before anything is built, when there is no IPVS or no permission. */
async function ipvsVersion(): Promise<string> {
  await using ipvs = await Ipvs.open();
  return (await ipvs.info()).version;
}
