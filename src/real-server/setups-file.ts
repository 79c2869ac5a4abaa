import { z } from 'zod';
import { ConfigError } from '../config/config-error.ts';
import type { ConfigDocument } from '../config/document.ts';
import { problemsOf } from '../config/issues.ts';
import { section } from '../config/shapes.ts';
import { type StorageInput, storageSchema } from '../config/storage.ts';
import { checkSettings, type ReplyPort } from './settings.ts';
import type { SetupSettings } from './setup-settings.ts';
import { storageName } from './storage/settings.ts';

/** A setup that a file asks for. */
export interface WantedSetup {
  /** Absent where mode and VIPs are to be its name. */
  readonly name?: string;
  readonly settings: SetupSettings;
}

const text = z.string();
const port = z.int({ error: 'must be a port from 1 to 65535' }).min(1).max(65535);
const replyPort = z.string().regex(/^(tcp|udp|sctp):[1-9]\d{0,4}$/, {
  error: 'must be a protocol and port such as tcp:80',
});

const setup = section({
  name: text.optional(),
  mode: z.enum(['dr', 'tun', 'nat']),
  vips: z.array(text),
  interfaces: z.array(text).optional(),
  'only-interfaces': z.boolean().optional(),
  device: z.enum(['lo', 'dummy', 'tunnel']).optional(),
  'tunnel-type': z.enum(['ipip', 'gue', 'gre']).optional(),
  'tunnel-port': port.optional(),
  'tunnel-checksum': z.boolean().optional(),
  outer: z.enum(['ipv4', 'ipv6']).optional(),
  gateways: z.array(text).optional(),
  'reply-route': z.enum(['default', 'policy']).optional(),
  ports: z.array(replyPort).optional(),
});

const schema = section({
  setups: z.array(setup).optional(),
  storage: z.array(storageSchema).optional(),
});

/**
 * The setups of a file that says what this machine is to be, under the names of the options.
 *
 * @param own Finds the addresses of the machine, where storage says whose it is.
 * @throws ConfigError with the places of what has no meaning, RealServerError for settings that do not
 * go together.
 */
export async function readSetups(
  document: ConfigDocument,
  file: string,
  own: () => Promise<readonly string[]>,
): Promise<readonly WantedSetup[]> {
  const parsed = schema.safeParse(document.value);
  if (!parsed.success) throw new ConfigError(file, problemsOf(parsed.error.issues, document));
  const { setups = [], storage = [] } = parsed.data;
  const served = setups.map(({ name, mode, vips, interfaces, device, outer, ...rest }) => ({
    ...(name === undefined ? {} : { name }),
    settings: checkSettings({
      mode,
      vips,
      interfaces,
      device,
      outer,
      onlyInterfaces: rest['only-interfaces'],
      tunnelType: rest['tunnel-type'],
      tunnelPort: rest['tunnel-port'],
      tunnelChecksum: rest['tunnel-checksum'],
      gateways: rest.gateways,
      replies: rest['reply-route'],
      ports: rest.ports?.map(replyPortOf),
    }),
  }));
  // Last, so that a dead server keeps no VIP away.
  const isTold = storage.some(({ servers }) => servers !== undefined);
  return [...served, ...storageSetups(storage, isTold ? await own() : [])];
}

/** The storage of a machine, by its addresses, as setups of its own. */
export function storageSetups(
  storage: readonly StorageInput[],
  own: readonly string[],
): readonly WantedSetup[] {
  const mine = storage.filter(
    ({ servers }) => servers === undefined || servers.some((one) => own.includes(one)),
  );
  return mine.map(({ servers: _servers, ...one }) => ({
    name: storageName(one),
    settings: { mode: 'storage', storage: one },
  }));
}

function replyPortOf(words: string): ReplyPort {
  const [protocol = 'tcp', number] = words.split(':');
  return { protocol: protocol as ReplyPort['protocol'], port: Number(number) };
}
