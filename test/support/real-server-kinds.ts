import type { Shell } from './shells.ts';

const dr = ['--mode', 'dr', '--vip', '10.82.0.100,2001:db8::100'];
const tun = ['--mode', 'tun', '--vip', '192.0.2.100,2001:db8::100'];
const nat = ['--mode', 'nat', '--vip', '192.0.2.100,2001:db8::100'];
const gateways = ['--gateway', '10.82.0.1,fd82::1'];

/** A setup for a machine. */
export interface Kind {
  readonly name: string;
  readonly words: readonly string[];
  /** What the script is run by, where it is compared too. All together they are all that it has. */
  readonly shell?: Shell;
  /** Whether the newest kernel is shown it. */
  readonly newest?: true;
}

/** A setup of every kind for a machine. */
export const kinds: readonly Kind[] = [
  { name: 'dr', words: dr, shell: 'dash', newest: true },
  { name: 'dr on a dummy link', words: [...dr, '--device', 'dummy'], shell: 'busybox' },
  {
    name: 'dr of one interface',
    words: [...dr, '--only-interfaces', '--interface', 'eth0'],
  },
  { name: 'tun', words: tun, shell: 'dash', newest: true },
  { name: 'tun with the VIP on lo', words: [...tun, '--device', 'lo'] },
  { name: 'tun over IPv4 alone', words: [...tun, '--outer', 'ipv4'], shell: 'busybox' },
  { name: 'tun over IPv6 alone', words: [...tun, '--outer', 'ipv6'] },
  {
    name: 'tun in GUE',
    words: [...tun, '--tunnel-type', 'gue', '--tunnel-port', '6080'],
    shell: 'busybox',
    newest: true,
  },
  { name: 'tun in GRE', words: [...tun, '--tunnel-type', 'gre'] },
  {
    name: 'tun in GRE with checksums',
    words: [...tun, '--tunnel-type', 'gre', '--tunnel-checksum'],
    shell: 'dash',
  },
  { name: 'nat', words: [...nat, ...gateways], shell: 'busybox' },
  { name: 'nat by rule', words: [...nat, ...gateways, '--reply-route', 'policy'] },
  {
    name: 'nat by port',
    words: [...nat, ...gateways, '--reply-route', 'policy', '--port', 'tcp:80,udp:53'],
    shell: 'dash',
    newest: true,
  },
];
