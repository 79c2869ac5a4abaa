import type { Connection } from '../../ipvs/connection.ts';
import type { DestinationKey } from '../../ipvs/destination.ts';
import type { ServiceKey } from '../../ipvs/service.ts';
import { type IpPrefix, parseIpInto } from '../../net/ip.ts';

/** Which connections are meant: those that fit everything that is given. */
export interface ConnectionFilter {
  readonly client?: IpPrefix | undefined;
  /** One with port 0 has every port of its address; one by firewall mark its templates. */
  readonly service?: ServiceKey | undefined;
  /** Without a port, every port of the address. */
  readonly server?: DestinationKey | undefined;
  /** In capitals. */
  readonly state?: string | undefined;
  readonly protocol?: string | undefined;
}

/** Tells whether a connection is meant. */
export function connectionTest(filter: ConnectionFilter): (connection: Connection) => boolean {
  const { client, service, server, state, protocol } = filter;
  const tests: ((connection: Connection) => boolean)[] = [];
  if (state !== undefined) tests.push((connection) => connection.state === state);
  if (protocol !== undefined) tests.push((connection) => connection.protocol === protocol);
  if (service !== undefined) tests.push(serviceTest(service));
  if (server !== undefined) {
    const { address, port } = server;
    tests.push(
      ({ destination }) =>
        destination.address === address && (port === undefined || destination.port === port),
    );
  }
  if (client !== undefined) {
    const inside = prefixTest(client);
    tests.push((connection) => inside(connection.client.address));
  }
  return (connection) => tests.every((test) => test(connection));
}

function serviceTest(service: ServiceKey): (connection: Connection) => boolean {
  if (service.firewallMark !== undefined) {
    const { firewallMark, family = 'ipv4' } = service;
    return ({ firewallMark: mark, client }) =>
      mark === firewallMark && client.address.includes(':') === (family === 'ipv6');
  }
  const { protocol, address, port } = service;
  return ({ protocol: its, virtual }) =>
    its === protocol &&
    virtual !== undefined &&
    virtual.address === address &&
    (port === 0 || virtual.port === port);
}

function prefixTest({ family, bytes, length }: IpPrefix): (address: string) => boolean {
  const whole = length >> 3;
  const mask = (0xff << (8 - (length & 7))) & 0xff;
  const scratch = new Uint8Array(16);
  return (address) => {
    if (address.includes(':') !== (family === 'ipv6')) return false;
    parseIpInto(address, scratch, 0, 'client');
    for (let at = 0; at < whole; at++) if (scratch[at] !== bytes[at]) return false;
    return mask === 0 || ((scratch[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask);
  };
}
