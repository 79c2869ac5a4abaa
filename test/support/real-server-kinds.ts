const dr = ['--mode', 'dr', '--vip', '10.82.0.100,2001:db8::100'];
const tun = ['--mode', 'tun', '--vip', '192.0.2.100,2001:db8::100'];
const nat = ['--mode', 'nat', '--vip', '192.0.2.100,2001:db8::100'];
const gateways = ['--gateway', '10.82.0.1,fd82::1'];

/** A setup of every kind for a {@link machine}: what it is, and the words for it. */
export const kinds: readonly (readonly [string, readonly string[]])[] = [
  ['dr', dr],
  ['dr on a dummy link', [...dr, '--device', 'dummy']],
  ['dr of one interface', [...dr, '--only-interfaces', '--interface', 'eth0']],
  ['tun', tun],
  ['tun with the VIP on lo', [...tun, '--device', 'lo']],
  ['tun over IPv4 alone', [...tun, '--outer', 'ipv4']],
  ['tun over IPv6 alone', [...tun, '--outer', 'ipv6']],
  ['tun in GUE', [...tun, '--tunnel-type', 'gue', '--tunnel-port', '6080']],
  ['tun in GRE', [...tun, '--tunnel-type', 'gre']],
  ['tun in GRE with checksums', [...tun, '--tunnel-type', 'gre', '--tunnel-checksum']],
  ['nat', [...nat, ...gateways]],
  ['nat by rule', [...nat, ...gateways, '--reply-route', 'policy']],
  ['nat by port', [...nat, ...gateways, '--reply-route', 'policy', '--port', 'tcp:80,udp:53']],
];
