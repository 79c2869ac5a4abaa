import { z } from 'zod';
import { formatIp, parseIp, tryParseIpInto } from '../net/ip.ts';
import { section } from './shapes.ts';

/** Storage that a real server serves from, as a file says it. Option names are those of mount(8). */
export type StorageInput = NfsInput | IscsiInput | DasInput;

interface CommonInput {
  readonly name?: string | undefined;
  readonly 'mount-point': string;
  /** Addresses of the real servers that have it. Absent: all of them. */
  readonly servers?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

/** A folder of a NAS. */
export interface NfsInput extends CommonInput {
  readonly type: 'nfs';
  readonly server: string;
  readonly export: string;
  readonly version?: '3' | '4' | '4.0' | '4.1' | '4.2' | undefined;
}

/** A disk of a SAN, with a file system on it. */
export interface IscsiInput extends CommonInput {
  readonly type: 'iscsi';
  readonly portal: string;
  readonly target: string;
  readonly lun?: number | undefined;
  readonly 'file-system': string;
  readonly chap?: { readonly user: string; readonly 'secret-file': string } | undefined;
}

/** A disk of this machine, with a file system on it. */
export interface DasInput extends CommonInput {
  readonly type: 'das';
  readonly device: string;
  readonly 'file-system'?: string | undefined;
  readonly mount?: boolean | undefined;
}

const path = (what: string) =>
  z.string().superRefine((text, context) => {
    const problem = pathProblem(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `${what} ${problem}` });
  });

/** What keeps a text from being the path of a folder or file, spelled in the one way there is. */
function pathProblem(text: string): string | undefined {
  if (!text.startsWith('/')) return 'must begin with /';
  if (/[\p{Cc}\\]/u.test(text)) return 'must not have control characters or backslashes';
  const parts = text.split('/').slice(1);
  if (parts.includes('..') || parts.includes('.')) return 'must not have . or .. in it';
  if (text.length > 1 && parts.includes('')) return 'must not have // in it, or end with /';
  return text.length > 1024 ? 'must not be that long' : undefined;
}

const mountPoint = path('the mount point').refine(
  (text) => !/^\/($|(proc|sys|dev|run|boot|usr|bin|sbin|lib\w*|etc)$|(proc|sys|dev)\/)/.test(text),
  { error: 'must not be a folder that the system itself needs' },
);

/** What has another place here, or makes mount do something other than mount. */
const refusedOptions: Readonly<Record<string, string>> = {
  addr: 'the server says it',
  bind: 'it mounts something else',
  clientaddr: 'the kernel finds it',
  fstype: 'the type says it',
  helper: 'it runs another program',
  loop: 'it mounts a file',
  move: 'it moves a mount',
  nfsvers: 'version says it',
  offset: 'it mounts a part',
  rbind: 'it mounts something else',
  remount: 'it changes a mount',
  retry: 'rs-setup has a time limit of its own',
  sizelimit: 'it mounts a part',
  uhelper: 'it runs another program',
  vers: 'version says it',
};

const option = z.string().superRefine((text, context) => {
  const key = text.split('=')[0] ?? '';
  const problem = !/^[A-Za-z0-9][\w.:=/@+-]*$/.test(text)
    ? 'must be one option such as noatime or timeo=100, without commas, spaces and quotes'
    : Object.hasOwn(refusedOptions, key)
      ? `must not be ${key}: ${refusedOptions[key]}`
      : key.startsWith('x-')
        ? 'must be an option of the file system'
        : undefined;
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const options = z
  .array(option)
  .refine((list) => !(list.includes('ro') && list.includes('rw')), {
    error: 'must not have both ro and rw',
  })
  .optional()
  .meta({ description: 'Mount options, one each, such as ro, noatime.' });

const host = z.string().regex(/^([A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/, {
  error: 'must be a host name or an address',
});

const fileSystem = z.string().regex(/^[a-z][a-z0-9_]{0,30}$/, {
  error: 'must be the name of a file system such as ext4 or xfs',
});

const address = z
  .string()
  .refine((text) => tryParseIpInto(text, new Uint8Array(16), 0) !== undefined, {
    error: 'must be an address',
  })
  .transform((text) => formatIp(parseIp(text).bytes));

const common = {
  name: z
    .string()
    .regex(/^[\w.:/-]{1,200}$/, { error: 'must be letters, digits, and . _ : / -' })
    .optional()
    .meta({ description: 'What undo calls it. Default: type and mount point, as nfs-/srv/www.' }),
  'mount-point': mountPoint.meta({ description: 'Where it is mounted; made if it is not there.' }),
  servers: z
    .array(address)
    .min(1, { error: 'must not be an empty list' })
    .optional()
    .meta({ description: 'Addresses of the real servers that mount it. Default: all of them.' }),
  options,
};

/** One entry of `storage:`. */
export const storageSchema: z.ZodType<StorageInput> = z.discriminatedUnion('type', [
  section({
    type: z.literal('nfs'),
    ...common,
    server: host.meta({ description: 'The NAS: a name or an address.' }),
    export: z.union([z.literal('/'), path('the export')]),
    version: z.enum(['3', '4', '4.0', '4.1', '4.2']).optional(),
  }),
  section({
    type: z.literal('iscsi'),
    ...common,
    portal: z.string().regex(/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\])(:[1-9]\d{0,4})?$/, {
      error: 'must be an address, with a port where it is not 3260, such as 10.0.0.5',
    }),
    target: z.string().regex(/^(iqn\.\d{4}-\d{2}\.|eui\.|naa\.)[A-Za-z0-9.:-]{1,200}$/, {
      error: 'must be the name of a target such as iqn.2026-11.example:www',
    }),
    lun: z.int().min(0).max(255).optional(),
    'file-system': fileSystem,
    chap: section({
      user: z.string().regex(/^[!-~]{1,255}$/, { error: 'must be printable, without spaces' }),
      'secret-file': path('the file'),
    }).optional(),
  }),
  section({
    type: z.literal('das'),
    ...common,
    device: z.string().regex(/^(UUID=[\w-]+|LABEL=[\w.:-]+|\/dev\/[\w.:/-]+)$/, {
      error: 'must be UUID=…, LABEL=… or /dev/…',
    }),
    'file-system': fileSystem.optional(),
    mount: z.boolean().optional(),
  }).superRefine((entry, context) => {
    if (/\/\.\.?(\/|$)|\/\//.test(entry.device)) {
      context.addIssue({ code: 'custom', path: ['device'], message: 'must not have .. in it' });
    }
    if (entry.mount === true && entry['file-system'] === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['mount'],
        message: 'must not be without the key "file-system", which says how',
      });
    }
  }),
]) as z.ZodType<StorageInput>;

export const storageListSchema: z.ZodType<readonly StorageInput[]> = z.array(storageSchema);
