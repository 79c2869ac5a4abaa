import { type Command, InvalidArgumentError, Option } from 'commander';
import type {
  RealServerMode,
  RealServerSettings,
  ReplyPort,
  TunnelType,
  VipDevice,
} from '../../real-server/settings.ts';
import { UsageError } from '../command-context.ts';
import { several } from './options.ts';

/** The options that say what a real server is to be, as commander reads them. */
export interface SettingsOptions {
  readonly mode?: RealServerMode;
  readonly vip?: readonly string[];
  readonly interface?: readonly string[];
  readonly onlyInterfaces?: true;
  readonly device?: VipDevice;
  readonly tunnelType?: TunnelType;
  readonly tunnelPort?: number;
  readonly tunnelChecksum?: true;
  readonly outer?: 'ipv4' | 'ipv6';
  readonly gateway?: readonly string[];
  readonly replyRoute?: 'default' | 'policy';
  readonly port?: readonly ReplyPort[];
}

export function addSettingsOptions(command: Command): void {
  command
    .addOption(
      new Option('-m, --mode <method>', 'how the director reaches this machine').choices([
        'dr',
        'tun',
        'nat',
      ]),
    )
    .option(
      '--vip <address>',
      'a virtual address, IPv4 or IPv6; several times or with commas',
      several,
    )
    .option(
      '-i, --interface <name>',
      'dr, tun: an interface on which neighbours could ask for the VIP (default: found by its network)',
      several,
    )
    .option('--only-interfaces', 'dr, tun: set sysctls of the interfaces alone, not those of all')
    .addOption(
      new Option('--device <kind>', 'where the VIP goes (default: lo; tunnel with tun)').choices([
        'lo',
        'dummy',
        'tunnel',
      ]),
    )
    .addOption(
      new Option('--tunnel-type <type>', 'tun: as the director has it (default: ipip)').choices([
        'ipip',
        'gue',
        'gre',
      ]),
    )
    .option(
      '--tunnel-port <number>',
      'tun with gue: the UDP port the director sends to',
      portNumber,
    )
    .option('--tunnel-checksum', 'tun with gre: the director sends checksums')
    .addOption(
      new Option(
        '--outer <family>',
        "tun: family of this machine's own address (default: the VIP's)",
      ).choices(['ipv4', 'ipv6']),
    )
    .option('--gateway <address>', "nat: the director's address on this network", several)
    .addOption(
      new Option(
        '--reply-route <kind>',
        'nat: what leaves through the director (default: default, all)',
      ).choices(['default', 'policy']),
    )
    .option(
      '--port <protocol:port>',
      'nat with policy: only answers of this service; several times or with commas',
      replyPorts,
    );
}

export function settingsOf(options: SettingsOptions): RealServerSettings {
  const { mode, vip, interface: interfaces, gateway, port, replyRoute } = options;
  if (mode === undefined) throw new UsageError('--mode dr, tun or nat has to be given');
  if (vip === undefined) throw new UsageError('--vip has to be given');
  return {
    mode,
    vips: vip,
    interfaces,
    onlyInterfaces: options.onlyInterfaces,
    device: options.device,
    tunnelType: options.tunnelType,
    tunnelPort: options.tunnelPort,
    tunnelChecksum: options.tunnelChecksum,
    outer: options.outer,
    gateways: gateway,
    replies: replyRoute,
    ports: port,
  };
}

/**
 * What may be given beside a file: what the director's has not.
 *
 * @throws UsageError
 */
export function givenBeside(options: SettingsOptions): Partial<RealServerSettings> {
  for (const name of ['mode', 'vip', 'device', 'tunnelType', 'outer'] as const) {
    if (options[name] === undefined) continue;
    throw new UsageError(`--config says what to be: --${name} does not go with it`);
  }
  return {
    interfaces: options.interface,
    onlyInterfaces: options.onlyInterfaces,
    gateways: options.gateway,
    replies: options.replyRoute,
    ports: options.port,
  };
}

function portNumber(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError('It must be a port from 1 to 65535.');
}

function replyPorts(text: string, before: readonly ReplyPort[] = []): readonly ReplyPort[] {
  const ports = several(text).map((one): ReplyPort => {
    const [, protocol, port = ''] = /^(tcp|udp|sctp):(\d+)$/.exec(one) ?? [];
    if (protocol === undefined) {
      throw new InvalidArgumentError('It must be a protocol and port such as tcp:80.');
    }
    return { protocol: protocol as ReplyPort['protocol'], port: portNumber(port) };
  });
  return [...before, ...ports];
}
