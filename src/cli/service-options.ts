import { type Command, InvalidArgumentError } from 'commander';
import type { SchedulerFlag } from '../ipvs/flags.ts';
import type { Persistence, ServiceConfig, ServiceSettings } from '../ipvs/service.ts';
import { UsageError } from './command-context.ts';
import { type ShownOptions, seconds } from './table-options.ts';

/** The options of a service, as commander reads them. */
export interface ServiceOptions extends ShownOptions {
  readonly scheduler?: string;
  readonly schedulerFlags?: readonly SchedulerFlag[];
  readonly persistence?: number | 'none';
  readonly netmask?: number | string;
  readonly engine?: string;
  readonly onePacket?: boolean;
}

/** Declares the options that set a service. */
export function addServiceOptions(command: Command): Command {
  return command
    .option('-s, --scheduler <name>', 'how a server is chosen, such as wlc, rr or mh')
    .option(
      '--scheduler-flags <names>',
      'switches of the scheduler, with commas between: sh-port, sh-fallback, mh-port, mh-fallback; or none',
      flagList,
    )
    .option(
      '-p, --persistence <duration>',
      'how long a client sticks to its server, such as 300s or 5m; or none',
      (text) => (text === 'none' ? text : seconds(text)),
    )
    .option(
      '--netmask <length>',
      'clients that agree in so many bits count as one: a prefix length, or an IPv4 mask',
      (text) => (/^\d+$/.test(text) ? Number(text) : text),
    )
    .option('--engine <name>', 'stickiness by application data, such as sip for udp; or none')
    .option('--one-packet', 'schedule every UDP packet by itself');
}

function flagList(text: string): readonly string[] {
  if (text === 'none') return [];
  if (/^[a-z0-9-]+(,[a-z0-9-]+)*$/.test(text)) return text.split(',');
  throw new InvalidArgumentError('It must be names with commas between, or none.');
}

/**
 * The settings that the options ask for; what they do not name is left out.
 *
 * @param current What the service has, to complete its persistence from; absent for a new one.
 */
export function serviceConfig(options: ServiceOptions, current?: ServiceSettings): ServiceConfig {
  const { scheduler, schedulerFlags, onePacket, engine } = options;
  const persistence = persistenceOf(options, current?.persistence);
  return {
    ...(scheduler !== undefined && { scheduler }),
    ...(schedulerFlags !== undefined && { schedulerFlags }),
    ...(persistence !== undefined && { persistence }),
    ...(onePacket !== undefined && { onePacket }),
    ...(engine !== undefined && { persistenceEngine: engine === 'none' ? null : engine }),
    // An engine cannot stay where there is no persistence.
    ...(persistence === null && engine === undefined && { persistenceEngine: null }),
  };
}

function persistenceOf(
  { persistence, netmask }: ServiceOptions,
  current: Persistence | undefined,
): Persistence | null | undefined {
  if (persistence === 'none') {
    if (netmask !== undefined) throw new UsageError('--netmask has no meaning without persistence');
    return null;
  }
  if (persistence === undefined && netmask === undefined) return undefined;
  const timeoutSeconds = persistence ?? current?.timeoutSeconds;
  if (timeoutSeconds === undefined) {
    throw new UsageError('--netmask has no meaning without --persistence');
  }
  const mask = netmask ?? current?.netmask;
  return mask === undefined ? { timeoutSeconds } : { timeoutSeconds, netmask: mask };
}
