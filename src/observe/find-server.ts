import { closest } from '../config/closest.ts';
import { parseServer } from '../config/server-text.ts';
import { formatIp, parseIp } from '../net/ip.ts';

export type NameErrorCode = 'NO_SUCH_SERVICE' | 'NO_SUCH_SERVER' | 'AMBIGUOUS_SERVER';

/** What somebody has named is not there, or could be several. */
export class NameError extends Error {
  static {
    NameError.prototype.name = 'NameError';
  }

  readonly code: NameErrorCode;

  constructor(code: NameErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

interface NamedService {
  readonly name: string;
  /** Its key as text. */
  readonly service: string;
  readonly servers: readonly { readonly server: string }[];
}

/**
 * Finds a service by its name in the configuration, or by what it listens to.
 *
 * @throws NameError
 */
export function findService<Service extends NamedService>(
  services: readonly Service[],
  name: string,
): Service {
  const found =
    services.find((service) => service.name === name) ??
    services.find(({ service }) => service === name);
  if (found !== undefined) return found;
  const names = services.map((service) => service.name);
  const meant = closest(name, names);
  const hint = meant === undefined ? '' : ` (did you mean ${JSON.stringify(meant)}?)`;
  throw new NameError('NO_SUCH_SERVICE', `there is no service ${name}${hint}`);
}

/**
 * Finds a server of a service: `10.0.0.11:80`, or `10.0.0.11` where only one has that address.
 *
 * @throws NameError
 */
export function findServer<Service extends NamedService>(
  service: Service,
  text: string,
): Service['servers'][number] {
  const { servers, name } = service;
  const asked = parseServer(text);
  const address = asked && formatIp(parseIp(asked.address).bytes);
  const found = servers.filter(({ server }) => {
    if (server === text) return true;
    const own = parseServer(server);
    return own?.address === address && (asked?.port === undefined || own?.port === asked.port);
  });
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1) {
    const all = found.map(({ server }) => server).join(', ');
    const message = `service ${name} has several servers ${text}: ${all}; name the port as well`;
    throw new NameError('AMBIGUOUS_SERVER', message);
  }
  const all = servers.map(({ server }) => server);
  const shown = all.length <= 8 ? all.join(', ') : `${all.slice(0, 8).join(', ')}, …`;
  const has = all.length === 0 ? 'it has none' : `it has ${shown}`;
  throw new NameError('NO_SUCH_SERVER', `service ${name} has no server ${text}: ${has}`);
}
