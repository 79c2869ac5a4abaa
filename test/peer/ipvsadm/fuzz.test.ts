import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ipvsadm } from '../../../src/cli/ipvsadm.ts';
import { runOurs } from './ours.ts';
import type { Outcome, Step } from './outcome.ts';
import { inFreshSpace } from './spaces.ts';

const seconds = Number(process.env['LVSKIT_RANDOM_SECONDS'] ?? 8);
const seed = Number(process.env['LVSKIT_SEED'] ?? randomInt(2 ** 31));

const options = fc.constantFrom(
  ...'-A -E -D -C -R -S -a -e -d -L -l -Z -t -u -f -s -p -M -r -g -i -m -w -x -y -n -c -6 -o -b -h -v'.split(
    ' ',
  ),
  ...'--set --start-daemon --stop-daemon --pe --tun-type --tun-port --stats --rate --timeout'.split(
    ' ',
  ),
  ...'10.0.0.1:80 [::1]:80 master 1 rr -- - --= -t='.split(' '),
);
// A process cannot be given a word with a zero byte.
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'-=:[]., 0123456789tAaLRpwx%'), maxLength: 12 }),
);
const argument = fc
  .oneof({ weight: 3, arbitrary: options }, { weight: 2, arbitrary: text })
  .map((word) => Buffer.from(word.replaceAll('\0', '')).toString('latin1'));

const junk = fc
  .uint8Array({ maxLength: 400 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const line = fc.array(fc.oneof(options, junk), { maxLength: 8 }).map((words) => words.join(' '));
const files = fc.oneof(
  junk,
  fc.array(line, { maxLength: 30 }).map((lines) => lines.join('\n')),
  fc.array(fc.oneof(line, junk), { maxLength: 30 }).map((lines) => lines.join('\r\n')),
);

function checkOutcome({ status, stderr }: Outcome): void {
  expect([0, 1, 2, 255]).toContain(status);
  expect(stderr).not.toMatch(/\n {4}at |node:|\.[jt]s:\d|Error:/);
  if (status === 2) expect(stderr).not.toBe('');
}

/** Runs each in the same namespace for a while; what comes of it has to be an answer. */
async function fuzz(steps: fc.Arbitrary<Step>): Promise<void> {
  await inFreshSpace([], async ({ path }) => {
    const property = fc.asyncProperty(steps, async (step) => {
      for (const outcome of await runOurs(path, [step])) checkOutcome(outcome);
    });
    await fc.assert(property, {
      seed,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: seconds * 1000,
      markInterruptAsFailure: false,
    });
  });
}

it(
  `answers any words (LVSKIT_SEED=${seed})`,
  async () => {
    const words = fc.array(argument, { maxLength: 10 });
    await fuzz(words.map((all) => ({ words: all })));
  },
  seconds * 1000 + 60_000,
);

it(
  `answers any rules (LVSKIT_SEED=${seed})`,
  async () => {
    await fuzz(files.map((input) => ({ words: ['-R'], input })));
  },
  seconds * 1000 + 60_000,
);

it.each([
  ['zero bytes', 0],
  ['one word without an end', 'x'.charCodeAt(0)],
  ['empty lines', '\n'.charCodeAt(0)],
])('answers a hundred megabytes of %s', async (_what, byte) => {
  await inFreshSpace([], async ({ path }) => {
    let left = 100 * 1024 * 1024;
    const written = { stdout: '', stderr: '' };
    const sink = (name: keyof typeof written) => ({
      isTerminal: false,
      write: (bytes: Uint8Array) => {
        written[name] += Buffer.from(bytes).toString('latin1').slice(0, 1000);
      },
    });
    const before = process.memoryUsage().rss;
    const status = await ipvsadm(['-R'], {
      program: 'ipvsadm',
      environment: {},
      stdin: {
        size: left,
        read: async (buffer) => {
          const count = Math.min(left, buffer.length);
          buffer.fill(byte, 0, count);
          left -= count;
          return count;
        },
      },
      stdout: sink('stdout'),
      stderr: sink('stderr'),
      netns: path,
    });
    checkOutcome({ status, ...written });
    expect(process.memoryUsage().rss - before).toBeLessThan(1024 ** 3);
  });
});
