import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = { reject: false, stripFinalNewline: false, stdin: 'ignore', cwd: root } as const;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp('/tmp/lvskit-bench-test-');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the bench', () => {
  it.for([
    ['an unknown option', ['--fast'], 'unknown option --fast'],
    ['an option without its value', ['--services'], '--services needs a value'],
    ['sizes that are none', ['--services', '10,many'], 'services 10,many is not a list'],
    ['no turn at all', ['--turns', '0'], 'turns 0 is not a number'],
    ['an unknown contestant', ['--contestants', 'floor,nobody'], 'contestants floor,nobody'],
    [
      'a kernel that it cannot count',
      ['--counted', '--kernel', '5.10'],
      '--counted has no kernel 5.10',
    ],
    ['what nobody directs', ['--director', 'tcp:1000,quic:5'], 'director tcp:1000,quic:5 is not'],
    ['connections that are none', ['--connections', '0'], 'connections 0 is not a list'],
    [
      'more destinations than there are addresses',
      ['--services', '50000', '--destinations', '50'],
      '50000 x 50 is more than',
    ],
  ] as const)('refuses %s before it does anything', async ([, args, message]) => {
    const { exitCode, stdout, stderr } = await execa('scripts/bench', args, run);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(`bench: ${message}`);
  });

  it('measures all contestants on a real kernel, whose table each of them leaves as told', async () => {
    const json = join(directory, 'report.json');
    const size = ['--services', '3', '--destinations', '2', '--turns', '1'];
    const bench = await execa('scripts/bench', ['--no-build', ...size, '--json', json], run);
    expect(bench).toMatchObject({ exitCode: 0 });
    const { rows, measurements } = JSON.parse(await readFile(json, 'utf8'));
    expect(rows.map((row: { work: string }) => row.work)).toEqual([
      'load',
      'list',
      'edit',
      'weigh',
      'clear',
    ]);
    const operations = (contestant: string) =>
      measurements
        .filter((m: { contestant: string }) => m.contestant === contestant)
        .map((m: { inside: { operations: number } | null }) => m.inside?.operations);
    expect(operations('lvskit')).toEqual([9, 9, 6, 6, 0]);
    expect(operations('floor')).toEqual([9, 9, 6, 1]);
    expect(operations('ipvsadm')).toEqual([undefined, undefined, undefined, undefined]);
  });
});

/** One line of what bench/run.sh prints. */
function measurement(contestant: string, work: string, wallMs: number, more: object = {}) {
  const size = { services: '1000', destinations: '10', turn: '1' };
  return { contestant, work, ...size, wallMs, peakKb: 50_000, status: 0, inside: null, ...more };
}

async function report(lines: readonly object[], ...words: readonly string[]) {
  return await reportBy('report', lines, words);
}

async function reportBy(program: string, lines: readonly object[], options: readonly string[]) {
  const results = join(directory, 'results');
  const kernel = { work: 'kernel', release: '6.1.0-test' };
  const text = [kernel, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(results, text);
  return await execa('node', [`bench/${program}.mjs`, ...options, results], run);
}

describe('the report of the bench', () => {
  const inside = { workMs: 150, insideMs: 160, operations: 11_000 };
  const lines = [
    measurement('node', 'start', 100, { peakKb: 40_000 }),
    measurement('node', 'start-module', 120),
    measurement('floor', 'load', 200),
    measurement('lvskit', 'load', 900, { inside }),
    measurement('lvskit', 'load', 360, { inside, peakKb: 60_480 }),
    measurement('lvskit', 'load', 340, { inside, peakKb: 60_480 }),
    measurement('ipvsadm', 'load', 1200),
  ];
  const done = { work: 'done' };

  it('compares medians, and takes the start of Node off where the floor is meant', async () => {
    const json = join(directory, 'ratios.json');
    const { exitCode } = await report([...lines, done], '--kind', 'counted', '--json', json);
    expect(exitCode).toBe(0);
    const { rows, targets } = JSON.parse(await readFile(json, 'utf8'));
    expect(rows[0]).toMatchObject({
      work: 'load',
      turns: 3,
      lvskitMs: 360,
      startedMs: 260,
      againstIpvsadm: 0.3,
      againstFloor: 1.3,
      workAgainstFloor: 0.75,
      memoryMb: 20,
    });
    expect(targets).toMatchObject([
      { value: 0.3, limit: 0.35, met: true },
      { value: 1.3, limit: 1.3, met: true },
    ]);
  });

  it('shows what was not measured as a dash, also as Markdown', async () => {
    const { stdout } = await report([...lines, done], '--kind', 'wall', '--markdown');
    expect(stdout).toMatch(/^\| clear +\| +1000 x 10 \| +0 \| +- \|/m);
    expect(stdout).toMatch(/^\| -+ \| -+: \|/m);
  });

  it('compares listings of connections turn by turn', async () => {
    const listing = (contestant: string, turn: string, userMs: number) => ({
      ...measurement(contestant, 'connections', 9999, { turn, userMs, systemMs: 20 }),
      connections: '1000000',
    });
    const turns = [
      listing('floor', '1', 480),
      listing('drop-in', '1', 380),
      listing('ipvsadm', '1', 980),
      listing('drop-in', '2', 980),
      listing('ipvsadm', '2', 1980),
      listing('drop-in', '3', 180),
      listing('ipvsadm', '3', 980),
      { ...measurement('node', 'start', 100), userMs: 90, systemMs: 10 },
      done,
    ];
    const { stdout } = await reportBy('connections-report', turns, ['--markdown']);
    expect(stdout).toMatch(/^\| 1000000 +\| +3 \| +400\.0 \| +1000\.0 \| +500\.0 \| +0\.400 \|/m);
    expect(stdout).toMatch(
      /^\| drop-in -Lnc of 1000000, over ipvsadm \| +0\.40 \| +0\.4 \| +yes \|/m,
    );
  });

  it('compares directors turn by turn, and says which promises were kept', async () => {
    const checks = (contestant: string, turn: number, cpuMs: number) => ({
      ...{ work: 'tcp-checks', contestant, servers: 1000, turn, cpuMs },
      ...{ made: 10_000, wallMs: 10_000, nowKb: 40_000 + 50 * 1024 },
    });
    const death = (contestant: string, ms: number) => ({
      ...{ work: 'death-refused', contestant, turn: 1, ms },
    });
    const turns = [
      checks('lvskit', 1, 900),
      checks('keepalived', 1, 1000),
      checks('lvskit', 2, 2400),
      checks('keepalived', 2, 2000),
      checks('lvskit', 3, 500),
      checks('keepalived', 3, 1000),
      ...[2500, 3051].map((ms) => death('lvskit', ms)),
      ...[2700, 2900].map((ms) => death('keepalived', ms)),
      measurement('node', 'start', 100, { peakKb: 40_000 }),
      done,
    ];
    const { stdout } = await reportBy('director/report', turns, ['--markdown']);
    expect(stdout).toMatch(/^\| tcp checks of 1000 servers \| +90 \| +100 \| +0\.90 \|/m);
    expect(stdout).toMatch(/CPU to keepalived's +\| +0\.90 \| +1 \| +yes \|$/m);
    expect(stdout).toMatch(/MB above an empty Node +\| +50\.00 \| +60 \| +yes \|$/m);
    expect(stdout).toMatch(/^\| refused +\| +2 \| +2776 \| +3051 \| +2800 \| +2900 \|$/m);
    expect(stdout).toMatch(
      /^\| ms to weight 0, refused, longest +\| +3051\.00 \| +3050 \| +no \|$/m,
    );
  });

  it('is refused when a contestant failed', async () => {
    const failed = measurement('lvskit', 'list', 10, { status: 1 });
    const { exitCode, stdout, stderr } = await report([...lines, failed, done]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('bench: lvskit ended with status 1');
  });

  it('is refused when the bench broke off', async () => {
    const { exitCode, stderr } = await report(lines);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'bench: the bench did not come to its end\n',
    });
  });
});
