import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { keysIn, Top } from '../../../src/cli/commands/top-loop.ts';
import { choices, type TopState, topLines } from '../../../src/cli/commands/top-screen.ts';
import { styleFor } from '../../../src/cli/output/style.ts';
import type { OverrideRequest, StatusDocument } from '../../../src/control/documents.ts';
import { routes } from '../../../src/control/routes.ts';
import { toJson } from '../../../src/observe/json.ts';
import { FakeDirector } from '../../support/fake-director.ts';

const plain = styleFor({}, {});
const coloured = styleFor({ isTTY: true }, {});

async function ask(director: FakeDirector, path: string, body?: unknown): Promise<unknown> {
  const route = routes.find((one) => one.path === path);
  const query = new URLSearchParams();
  const call = { query, body, by: 'alice', signal: new AbortController().signal };
  return JSON.parse(toJson(await route?.answer?.(call, { operations: director })));
}

const statusOf = async (director: FakeDirector) =>
  (await ask(director, '/v1/status')) as StatusDocument;

async function stateOf(director: FakeDirector, own: Partial<TopState> = {}): Promise<TopState> {
  const status = await statusOf(director);
  const time = status.director.startedAt + 90_000;
  return {
    status: { ...status, time },
    events: [],
    chosen: choices(status)[1],
    question: undefined,
    message: undefined,
    ...own,
  };
}

const size = { rows: 24, columns: 120 };

describe('the screen of top', () => {
  it('shows services, servers, what was chosen, events and keys', async () => {
    const director = new FakeDirector();
    await director.override('web', '10.0.0.12:80', { mode: 'drain', weight: 3 }, 'alice');
    director.connections.set('10.0.0.11:80', 14);
    const events = [
      {
        time: 1_700_000_000_000,
        event: 'drained',
        service: 'web',
        server: '10.0.0.12:80',
      } as const,
    ];
    const lines = topLines(await stateOf(director, { events }), size, plain);
    expect(lines).toHaveLength(24);
    expect(lines.filter((line) => line !== '')).toMatchInlineSnapshot(`
      [
        "lvskit 1.2.3, pid 4321, running for 1m30s, configuration loaded 1m30s ago",
        "  service                       state    weight  active  inactive  conn/s  bytes in/s  for  last check",
        "  web  tcp 192.0.2.1:80         serving  1/2 up      14        10       3        5000",
        "    10.0.0.11:80                up            2      14         5       3        5000    -  not yet",
        ">   10.0.0.12:80                drain        0*       0         5       3        5000    -  not yet",
        "  api:8080  tcp 192.0.2.1:8080  serving  2/2 up      14        10       3        5000",
        "    10.0.0.11:80                up            1      14         5       3        5000    -  not yet",
        "    10.0.0.21:80                up            1       0         5       3        5000    -  not yet",
        "2023-11-14T22:13:20.000Z  web 10.0.0.12:80 is drained: no connection is left",
        "↑↓ choose  d drain  r ready  w weight  q quit",
      ]
    `);
  });

  it('has no more lines, and none longer, than there is room for', async () => {
    const director = new FakeDirector();
    const time = 1_700_000_000_000;
    const event = { time, event: 'trouble', reason: `${'x'.repeat(300)}\nand more` } as const;
    const state = await stateOf(director, { events: Array.from({ length: 50 }, () => event) });
    for (const style of [plain, coloured]) {
      for (const [rows, columns] of [
        [4, 10],
        [10, 40],
        [24, 80],
        [60, 200],
      ] as const) {
        const lines = topLines(state, { rows, columns }, style);
        expect(lines.length).toBe(rows);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
        const seen = lines.map((line) => line.replaceAll(/\x1b\[\d+m/g, ''));
        expect(Math.max(...seen.map((line) => line.length))).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('keeps the chosen server in sight', async () => {
    const director = new FakeDirector();
    const state = await stateOf(director);
    const all = choices(state.status);
    for (const chosen of all) {
      const lines = topLines({ ...state, chosen }, { rows: 7, columns: 100 }, plain);
      expect(lines.filter((line) => line.startsWith('> '))).toEqual([
        expect.stringContaining(chosen.server),
      ]);
    }
  });

  it('says what is wrong', async () => {
    const state = await stateOf(new FakeDirector());
    const configuration = { problem: 'lvskit.yaml has one mistake\nlvskit.yaml:1:1: x' };
    const status = {
      ...state.status,
      configuration: { ...state.status?.configuration, ...configuration },
    } as StatusDocument;
    const [, complaint] = topLines({ ...state, status }, size, plain);
    expect(complaint).toBe(
      'the newest configuration is refused, the one before goes on: lvskit.yaml has one mistake',
    );
  });
});

describe('top', () => {
  async function opened() {
    const director = new FakeDirector();
    const asked: OverrideRequest[] = [];
    let isDown = false;
    const client = {
      status: async () => {
        if (isDown) throw new Error('it has gone');
        return await statusOf(director);
      },
      override: async (request: OverrideRequest) => {
        asked.push(request);
        return (await ask(director, '/v1/override', request)) as never;
      },
      events: async function* () {
        yield { time: 0, event: 'drained', service: 'web', server: 'z' } as const;
        await new Promise(() => undefined);
      },
    };
    const written: string[] = [];
    const stdout = {
      isTTY: true,
      rows: 24,
      columns: 100,
      write: (text: string) => written.push(text),
    };
    const ending = new AbortController();
    const top = new Top({
      director: client,
      stdout,
      style: plain,
      signal: ending.signal,
      intervalMs: 5,
    });
    const keyboard = new PassThrough();
    const over = top.run(keyboard);
    await expect.poll(() => top.state.events.length, { timeout: 10_000 }).toBe(1);
    return {
      top,
      asked,
      written,
      ending,
      keyboard,
      over,
      leave: () => {
        isDown = true;
      },
    };
  }

  it('does what keys say, asking before it drains', async () => {
    const { top, asked, keyboard, over, written } = await opened();
    expect(top.state.chosen).toEqual({ service: 'web', server: '10.0.0.11:80' });
    for (const key of ['d', 'n']) await top.press(key);
    expect(asked).toEqual([]);
    await top.press('j');
    for (const key of ['d', 'y', 'w', '4', 'x', '2', '\x7f', '\r', 'r', 'w', '\r', 'w', '\x1b']) {
      await top.press(key);
    }
    const server = { service: 'web', server: '10.0.0.12:80' };
    expect(asked).toEqual([
      { ...server, mode: 'drain' },
      { ...server, weight: 4 },
      { ...server, mode: 'ready' },
      { ...server, weight: null },
    ]);
    expect(top.state.question).toBeUndefined();
    for (let index = 0; index < 9; index++) await top.press('j');
    expect(top.state.chosen).toEqual({ service: 'api:8080', server: '10.0.0.21:80' });
    for (let index = 0; index < 9; index++) await top.press('k');
    expect(top.state.chosen).toEqual({ service: 'web', server: '10.0.0.11:80' });
    keyboard.write('\x1b[Bq');
    await over;
    expect(written[0]).toContain('\x1b[?1049h');
    expect(written.at(-1)).toContain('\x1b[?1049l');
  });

  it('says so while the director does not answer, and goes on', async () => {
    const { top, leave, ending, over } = await opened();
    leave();
    await expect.poll(() => top.state.message, { timeout: 10_000 }).toBe('it has gone');
    expect(top.state.status).toBeDefined();
    ending.abort('SIGTERM');
    await over;
  });

  it('ends when its terminal is gone', async () => {
    const { keyboard, over } = await opened();
    keyboard.end();
    await over;
  });

  it('tells arrows from the keys that they are made of', () => {
    expect(keysIn('\x1b[A\x1b[Bq')).toEqual(['\x1b[A', '\x1b[B', 'q']);
    expect(keysIn('\x1b')).toEqual(['\x1b']);
    expect(keysIn('ä\r')).toEqual(['ä', '\r']);
  });
});
