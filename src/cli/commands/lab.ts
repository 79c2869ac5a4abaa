import { release } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Ipvs } from '../../ipvs/client.ts';
import { type KnownScheduler, schedulers } from '../../ipvs/scheduler.ts';
import { demonstrate } from '../../lab/demonstration.ts';
import type { LabStep } from '../../lab/host.ts';
import { Lab } from '../../lab/lab.ts';
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

export const details: CommandDetails = {
  text: [
    `Builds a client, a director and two real servers as network namespaces, makes connections
    from the client to the virtual address, and compares who answered them with what the scheduler
    promises. Needs root and a kernel with IPVS.`,
  ],
  exitStatus: [
    [0, 'the promise was kept'],
    [1, 'it was not or something failed'],
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
  const result = await demonstrate(
    lab,
    { scheduler, requests, signal },
    {
      onRequests: (promise) => report?.requests(lab, requests, promise),
      onAnswer: (answer) => report?.answer(answer),
      onCounting: () => report?.counting(),
    },
  );
  const kept = result.verdict.kept && result.counted && result.claims.onlyDirector;
  if (report === undefined) {
    const document = labDocument(lab, scheduler, steps, result, kept);
    context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  } else {
    report.result(lab, result);
  }
  if (options.keep) await runLabShell(lab, context, style);
  return kept ? exitCode.done : exitCode.failed;
}

/** Tells at once, before anything is built, when there is no IPVS or no permission. */
async function ipvsVersion(): Promise<string> {
  await using ipvs = await Ipvs.open();
  return (await ipvs.info()).version;
}
