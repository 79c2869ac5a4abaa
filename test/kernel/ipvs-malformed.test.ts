import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { errnoName } from '../../src/index.ts';
import {
  plainTable,
  removeScratchTables,
  type ScratchTable,
  scratchTable,
} from '../support/scratch-table.ts';

removeScratchTables();

// The kernel's answers to requests that the library makes none of, or checks before it sends them:
// what the library says of an error number rests on what the kernel means by it.

const command = {
  newService: 1,
  setService: 2,
  removeService: 3,
  getService: 4,
  newDestination: 5,
  setDestination: 6,
  removeDestination: 7,
  getDestination: 8,
  newDaemon: 9,
  removeDaemon: 10,
  getDaemon: 11,
  setConfig: 12,
  getConfig: 13,
  setInfo: 14,
  getInfo: 15,
  zero: 16,
} as const;

const dump = 0x300;
/** Half of `NLM_F_DUMP`, which the kernel takes for none of it. */
const halfDump = 0x100;

type Attribute = readonly [type: number, value: Uint8Array];

function encoded(attributes: readonly Attribute[]): Buffer {
  return Buffer.concat(
    attributes.map(([type, value]) => {
      const bytes = Buffer.alloc((4 + value.length + 3) & ~3);
      bytes.writeUInt16LE(4 + value.length, 0);
      bytes.writeUInt16LE(type, 2);
      bytes.set(value, 4);
      return bytes;
    }),
  );
}

const u16 = (...values: number[]) => Buffer.from(Uint16Array.from(values).buffer);
const u32 = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
const text = (value: string) => Buffer.from(`${value}\0`);
const nest = (type: number, attributes: readonly Attribute[]): Attribute => [
  type,
  encoded(attributes),
];

const serviceKey: readonly Attribute[] = [
  [1, u16(2)],
  [2, u16(6)],
  [3, Buffer.from([192, 0, 2, 1])],
  [4, Buffer.from([0, 80])],
];
const serviceConfig: readonly Attribute[] = [
  [6, text('rr')],
  [7, u32(0, 0x3d)],
  [8, u32(0)],
  [9, u32(0xffffffff)],
];
const destinationKey: readonly Attribute[] = [
  [1, Buffer.from([10, 1, 0, 3])],
  [2, Buffer.from([0, 80])],
];
const destinationConfig: readonly Attribute[] = [
  [3, u32(3)],
  [4, u32(1)],
  [5, u32(0)],
  [6, u32(0)],
];
const daemonConfig: readonly Attribute[] = [
  [1, u32(2)],
  [2, text('lo')],
  [3, u32(1)],
];
const service = nest(1, serviceKey);
const wholeService = nest(1, [...serviceKey, ...serviceConfig]);
const wholeDestination = nest(2, [...destinationKey, ...destinationConfig]);

interface Request {
  readonly what: string;
  readonly command: number;
  readonly flags?: number;
  readonly attributes?: readonly Attribute[];
}

/** What the kernel answers to each, such as `EINVAL`, its own words behind it; `ok 2` for two messages. */
async function answers(
  { name }: ScratchTable,
  requests: readonly Request[],
): Promise<Readonly<Record<string, string>>> {
  const program = fileURLToPath(new URL('programs/ipvs-requests', import.meta.url));
  const input = requests.map(({ command, flags = 0, attributes = [] }) =>
    [command, flags, encoded(attributes).toString('hex')].join(' '),
  );
  const run = await execa('ip', ['netns', 'exec', name, program], {
    input: `${input.join('\n')}\n`,
  });
  const lines = run.stdout.split('\n').map((line) => {
    const [, number = '', messages, words = ''] = /^(\d+) (\d+) ?(.*)$/.exec(line) ?? [];
    if (number === '0') return `ok ${messages}`;
    return `${errnoName(Number(number))} ${words}`.trim();
  });
  expect(lines).toHaveLength(requests.length);
  return Object.fromEntries(requests.map(({ what }, index) => [what, lines[index] ?? '']));
}

const all = (requests: readonly Request[], answer: string) =>
  Object.fromEntries(requests.map(({ what }) => [what, answer]));

/** The request without each of the attributes of one of its nests, one after the other. */
function without(
  what: string,
  request: Omit<Request, 'what' | 'attributes'>,
  attributes: readonly Attribute[],
  complete: (some: readonly Attribute[]) => readonly Attribute[],
): readonly Request[] {
  return attributes.map(([type]) => ({
    what: `${what} without attribute ${type}`,
    ...request,
    attributes: complete(attributes.filter(([other]) => other !== type)),
  }));
}

async function furnished(): Promise<ScratchTable> {
  const table = await scratchTable();
  await table.ipvs.add({ protocol: 'tcp', address: '192.0.2.1', port: 80 }, { scheduler: 'rr' });
  return table;
}

describe('the kernel answers', () => {
  it('EOPNOTSUPP to commands that it has not, or not in this way', async () => {
    const table = await furnished();
    const requests: readonly Request[] = [
      { what: 'command 0', command: 0 },
      { what: 'command 99', command: 99 },
      { what: 'a dump of command 99', command: 99, flags: dump },
      { what: 'its own reply', command: command.setInfo },
      { what: 'one destination', command: command.getDestination, attributes: [service] },
      {
        what: 'half a dump',
        command: command.getDestination,
        flags: halfDump,
        attributes: [service],
      },
      { what: 'one sync daemon', command: command.getDaemon },
      { what: 'a dump of the timeouts', command: command.getConfig, flags: dump },
      { what: 'a dump of the version', command: command.getInfo, flags: dump },
      { what: 'a dump of a change', command: command.zero, flags: dump },
    ];
    expect(await answers(table, requests)).toEqual(all(requests, 'EOPNOTSUPP'));
  });

  it('ERANGE, and why, to attributes of the outermost kind that are too short', async () => {
    const table = await furnished();
    const requests: readonly Request[] = [
      { what: 'a timeout of 2 bytes', command: command.setConfig, attributes: [[4, u16(9)]] },
      { what: 'a service of 2 bytes', command: command.getService, attributes: [[1, u16(9)]] },
      { what: 'a daemon of 2 bytes', command: command.newDaemon, attributes: [[3, u16(9)]] },
    ];
    expect(await answers(table, requests)).toEqual(
      all(requests, 'ERANGE Attribute failed policy validation'),
    );
    expect(await table.ipvs.timeouts()).toMatchObject({ tcp: 900 });
  });

  it('EINVAL, and never why, to a service that is not all there', async () => {
    const table = await furnished();
    const before = await plainTable(table.ipvs);
    const inService = (some: readonly Attribute[]) => [nest(1, some)];
    const key = (some: readonly Attribute[]) => inService([...some, ...serviceConfig]);
    const config = (some: readonly Attribute[]) => inService([...serviceKey, ...some]);
    const byKey = ['setService', 'removeService', 'getService', 'newDestination'] as const;
    const requests: readonly Request[] = [
      ...([1, 2, 3, 4, 5, 6, 7] as const).map((number) => ({
        what: `command ${number} without a service`,
        command: number,
      })),
      { what: 'an empty service', command: command.newService, attributes: [nest(1, [])] },
      ...without('a new service', { command: command.newService }, serviceKey, key),
      ...without('a new service', { command: command.newService }, serviceConfig, config),
      ...without('an edited service', { command: command.setService }, serviceConfig, config),
      ...byKey.flatMap((name) =>
        without(name, { command: command[name] }, serviceKey, (some) => [
          nest(1, [...some, ...serviceConfig]),
          wholeDestination,
        ]),
      ),
      {
        what: 'an address of 17 bytes',
        command: command.getService,
        attributes: [
          nest(1, [...serviceKey.filter(([type]) => type !== 3), [3, Buffer.alloc(17)]]),
        ],
      },
      {
        what: 'a port of 1 byte',
        command: command.getService,
        attributes: [nest(1, [...serviceKey.filter(([type]) => type !== 4), [4, Buffer.alloc(1)]])],
      },
    ];
    expect(await answers(table, requests)).toEqual(all(requests, 'EINVAL'));
    expect(await plainTable(table.ipvs)).toEqual(before);
  });

  it('EINVAL, and never why, to a destination that is not all there', async () => {
    const table = await furnished();
    await table.ipvs.addDestination(
      { protocol: 'tcp', address: '192.0.2.1', port: 80 },
      { address: '10.1.0.3' },
    );
    const before = await plainTable(table.ipvs);
    const key = (some: readonly Attribute[]) => [service, nest(2, [...some, ...destinationConfig])];
    const config = (some: readonly Attribute[]) => [service, nest(2, [...destinationKey, ...some])];
    const requests: readonly Request[] = [
      ...([5, 6, 7] as const).flatMap((number) => [
        {
          what: `command ${number} without a destination`,
          command: number,
          attributes: [service],
        },
        ...without(`command ${number}`, { command: number }, destinationKey, key),
      ]),
      ...([5, 6] as const).flatMap((number) =>
        without(`command ${number}`, { command: number }, destinationConfig, config),
      ),
    ];
    expect(await answers(table, requests)).toEqual(all(requests, 'EINVAL'));
    expect(await plainTable(table.ipvs)).toEqual(before);
  });

  it('EINVAL to a sync daemon that is not all there', async () => {
    const table = await scratchTable();
    const whole = (some: readonly Attribute[]) => [nest(3, some)];
    const requests: readonly Request[] = [
      { what: 'a start of nothing', command: command.newDaemon },
      { what: 'a stop of nothing', command: command.removeDaemon },
      { what: 'a stop of no role', command: command.removeDaemon, attributes: [nest(3, [])] },
      {
        what: 'a stop of role 3',
        command: command.removeDaemon,
        attributes: [nest(3, [[1, u32(3)]])],
      },
      ...without('a start', { command: command.newDaemon }, daemonConfig, whole),
    ];
    expect(await answers(table, requests)).toEqual(all(requests, 'EINVAL'));
    expect(await table.ipvs.syncDaemons()).toEqual([]);
  });

  it('no error to a list of the destinations of no service, nor to one of no sync daemons', async () => {
    const table = await scratchTable();
    const list = { command: command.getDestination, flags: dump };
    const requests: readonly Request[] = [
      { what: 'destinations of no service', ...list },
      { what: 'destinations of a service that is not there', ...list, attributes: [service] },
      { what: 'destinations of half a service', ...list, attributes: [nest(1, [[1, u16(2)]])] },
      { what: 'sync daemons', command: command.getDaemon, flags: dump },
    ];
    expect(await answers(table, requests)).toEqual(all(requests, 'ok 0'));
  });

  it('no error to the same requests when nothing is left out', async () => {
    const table = await scratchTable();
    const requests: readonly Request[] = [
      { what: 'a service', command: command.newService, attributes: [wholeService] },
      {
        what: 'a destination',
        command: command.newDestination,
        attributes: [service, wholeDestination],
      },
      {
        what: 'an edit',
        command: command.setDestination,
        attributes: [service, wholeDestination],
      },
      { what: 'a daemon', command: command.newDaemon, attributes: [nest(3, daemonConfig)] },
    ];
    expect(await answers(table, requests)).toEqual(all(requests, 'ok 0'));
    const reads: readonly Request[] = [
      { what: 'service', command: command.getService, attributes: [service] },
      {
        what: 'destinations',
        command: command.getDestination,
        flags: dump,
        attributes: [service],
      },
      { what: 'daemons', command: command.getDaemon, flags: dump },
    ];
    expect(await answers(table, reads)).toEqual(all(reads, 'ok 1'));
    await table.ipvs.stopSyncDaemon('backup');
  });
});
