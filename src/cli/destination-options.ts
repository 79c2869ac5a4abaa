import { type Command, Option } from 'commander';
import type {
  DestinationConfig,
  DestinationSettings,
  ForwardingMethod,
  Tunnel,
  TunnelChecksum,
} from '../ipvs/destination.ts';
import { UsageError } from './command-context.ts';
import { type ShownOptions, wholeNumber } from './table-options.ts';

/** The options of a destination, as commander reads them. */
export interface DestinationOptions extends ShownOptions {
  readonly forwarding?: ForwardingMethod;
  readonly weight?: number;
  readonly upperThreshold?: number;
  readonly lowerThreshold?: number;
  readonly tunnel?: Tunnel['type'];
  readonly tunnelPort?: number;
  readonly tunnelChecksum?: TunnelChecksum;
}

const maxInt = 0x7fffffff;

/** Declares the options that set a destination. */
export function addDestinationOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-f, --forwarding <method>', 'how packets reach it').choices([
        'dr',
        'tun',
        'nat',
        'local',
        'bypass',
      ]),
    )
    .option(
      '-w, --weight <number>',
      'its share; 0 takes no new connections',
      wholeNumber(0, maxInt),
    )
    .option(
      '--upper-threshold <number>',
      'no new connections above this many; 0 for no limit',
      wholeNumber(0, maxInt),
    )
    .option(
      '--lower-threshold <number>',
      'after the upper one was met: new ones again below this many',
      wholeNumber(0, maxInt),
    )
    .addOption(
      new Option('--tunnel <type>', 'the encapsulation of forwarding tun').choices([
        'ipip',
        'gue',
        'gre',
      ]),
    )
    .option(
      '--tunnel-port <number>',
      'with gue: the port it decapsulates on',
      wholeNumber(1, 65535),
    )
    .addOption(
      new Option('--tunnel-checksum <kind>', 'with gue and gre').choices([
        'none',
        'full',
        'remote',
      ]),
    );
}

/**
 * The settings that the options ask for; what they do not name is left out.
 *
 * @param current What the destination has, to complete its tunnel from; absent for a new one.
 */
export function destinationConfig(
  options: DestinationOptions,
  current?: DestinationSettings,
): DestinationConfig {
  const { forwarding, weight, upperThreshold, lowerThreshold } = options;
  const tunnel = tunnelOf(options, current?.tunnel);
  return {
    ...(forwarding !== undefined && { forwarding }),
    ...(weight !== undefined && { weight }),
    ...(upperThreshold !== undefined && { upperThreshold }),
    ...(lowerThreshold !== undefined && { lowerThreshold }),
    ...(tunnel !== undefined && { tunnel }),
  };
}

function tunnelOf(
  { tunnel, tunnelPort, tunnelChecksum }: DestinationOptions,
  current: Tunnel | undefined,
): Tunnel | undefined {
  if (tunnel === undefined && tunnelPort === undefined && tunnelChecksum === undefined) {
    return undefined;
  }
  const type = tunnel ?? current?.type;
  const kept = current?.type === type ? current : undefined;
  if (tunnelPort !== undefined && type !== 'gue') {
    throw new UsageError('--tunnel-port is for --tunnel gue');
  }
  if (type === 'gue') {
    const port = tunnelPort ?? (kept?.type === 'gue' ? kept.port : undefined);
    if (port === undefined) throw new UsageError('--tunnel gue needs --tunnel-port');
    const checksum = tunnelChecksum ?? (kept?.type === 'gue' ? kept.checksum : undefined);
    return { type, port, checksum: checksum ?? 'none' };
  }
  if (type === 'gre') {
    if (tunnelChecksum === 'remote') {
      throw new UsageError('--tunnel-checksum remote is for --tunnel gue');
    }
    const checksum = tunnelChecksum ?? (kept?.type === 'gre' ? kept.checksum : undefined);
    return { type, checksum: checksum ?? 'none' };
  }
  if (tunnelChecksum !== undefined) {
    throw new UsageError('--tunnel-checksum is for --tunnel gue and gre');
  }
  return { type: 'ipip' };
}
