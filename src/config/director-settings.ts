import type { ControlInput, DirectorInput, MetricsInput } from './config-input.ts';
import type { ControlSettings, DirectorSettings, MetricsSettings } from './director-config.ts';
import { checkAbsolutePath, checkLinkName } from './names.ts';
import type { Place } from './problems.ts';
import { parseServer } from './server-text.ts';
import { parseSize } from './size.ts';

/** Longest path of a socket: `sun_path` less the terminating NUL. */
const longestSocket = 107;
const smallestHistory = 64 * 1024;
const largestHistory = 1024 ** 3;

export function readDirector(input: DirectorInput, at: Place): DirectorSettings {
  const { interface: link, drift = 'correct' } = input;
  if (link !== undefined) at.in('interface').attempt(() => checkLinkName(link));
  const vips = input.vips ?? (link === undefined ? 'leave' : 'own');
  if (vips === 'own' && link === undefined) {
    at.in('vips').add('to own the VIPs, the director needs to be told its interface');
  }
  const stateDirectory = input['state-directory'] ?? '/var/lib/lvskit';
  at.in('state-directory').attempt(() => checkAbsolutePath(stateDirectory));
  const historyBytes = parseSize(input['history-size'] ?? '16MiB') ?? 0;
  if (historyBytes < smallestHistory || historyBytes > largestHistory) {
    at.in('history-size').add('must be from 64KiB to 1GiB');
  }
  const onStop = input['on-stop'] ?? 'leave';
  return { interface: link, vips, onStop, drift, stateDirectory, historyBytes };
}

export function readControl(input: ControlInput, at: Place): ControlSettings {
  const { socket = '/run/lvskit/control.sock', group } = input;
  at.in('socket').attempt(() => {
    checkAbsolutePath(socket);
    if (Buffer.byteLength(socket) <= longestSocket) return;
    throw new RangeError(`is longer than the ${longestSocket} bytes that a socket's path can have`);
  });
  if (group !== undefined && !/^[A-Za-z_][A-Za-z0-9._-]{0,30}\$?$|^\d{1,10}$/.test(group)) {
    at.in('group').add('must be the name or number of a group');
  }
  return { socket, group };
}

export function readMetrics(
  input: MetricsInput | undefined,
  at: Place,
): MetricsSettings | undefined {
  if (input === undefined) return undefined;
  const listen = parseServer(input.listen);
  if (listen?.port !== undefined && listen.port > 0) {
    return { address: listen.address, port: listen.port };
  }
  at.in('listen').add('must be an address and port, such as 127.0.0.1:9631 or "[::1]:9631"');
  return undefined;
}
