import type { ServerObjectInput, ServiceInput } from '../config/config-input.ts';
import type { ImportedServer } from './imported.ts';

type Settings = Omit<ServiceInput, 'servers'>;

const shared = ['forwarding', 'tunnel', 'check', 'checks'] as const;

/** Says once for the service what all its servers agree in. */
export function hoist(
  settings: Settings,
  servers: readonly ImportedServer[],
): { readonly settings: Settings; readonly servers: readonly ImportedServer[] } {
  const [first] = servers;
  if (first === undefined) return { settings, servers };
  const agreed: readonly string[] = shared.filter((key) => {
    const text = JSON.stringify(first.input[key]);
    return text !== undefined && servers.every(({ input }) => JSON.stringify(input[key]) === text);
  });
  const isSaid = ([key]: readonly [string, unknown]) => agreed.includes(key);
  const said: Partial<Settings> = Object.fromEntries(Object.entries(first.input).filter(isSaid));
  const rest = servers.map((server) => {
    const entries = Object.entries(server.input).filter((entry) => !isSaid(entry));
    return { ...server, input: Object.fromEntries(entries) as unknown as ServerObjectInput };
  });
  const { fallback, ...others } = settings;
  const last = fallback === undefined ? {} : { fallback: short(fallback, said) };
  return { settings: { ...others, ...said, ...last }, servers: rest };
}

/** A fallback without what it takes from its service. */
function short(
  fallback: NonNullable<Settings['fallback']>,
  said: Partial<Settings>,
): NonNullable<Settings['fallback']> {
  if (typeof fallback !== 'object') return fallback;
  const { forwarding, tunnel, ...rest } = fallback;
  const isSame =
    said.forwarding === forwarding && JSON.stringify(said.tunnel) === JSON.stringify(tunnel);
  if (!isSame) return fallback;
  return rest.port === undefined ? rest.address : rest;
}
