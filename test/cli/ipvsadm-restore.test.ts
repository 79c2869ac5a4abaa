import { beforeEach, describe, expect, it } from 'vitest';
import type { ByteSource } from '../../src/cli/ipvsadm.ts';
import { inPieces, runIpvsadm } from '../support/ipvsadm.ts';
import { removeScratchTables, type ScratchTable, scratchTable } from '../support/scratch-table.ts';

removeScratchTables();

let table: ScratchTable;
let netns: string;

beforeEach(async () => {
  table = await scratchTable();
  netns = `/run/netns/${table.name}`;
});

const restore = (input: ByteSource | string, onStderr?: (text: string) => void) =>
  runIpvsadm(netns, ['-R'], input, onStderr);
const saved = async () => (await runIpvsadm(netns, ['-Sn'])).stdout;

/** Rules as they are saved: plain ones, and one in three that only the whole grammar reads. */
function rules(services: number): string {
  let text = '';
  for (let index = 0; index < services; index++) {
    const service = `-t 10.1.${index >> 8}.${index & 0xff}:80`;
    text += `-A ${service} -s rr${index % 3 === 0 ? ' -p 60 -M 255.255.255.0' : ''}\n`;
    text += `-a ${service} -r 10.2.0.1:80 -g -w ${index}\n`;
    text += `-a ${service} -r 10.2.0.2:80 -i -w 2 --tun-type ipip\n`;
    text += `-a ${service} -r 10.2.0.3:8080 -m -w 3\n`;
  }
  return text;
}

const exists = 'Service already exists\n';

describe('ipvsadm -R', () => {
  it.each([1, 7, 4096, 300_000])('makes what was saved, read %d bytes at once', async (most) => {
    const text = rules(most < 100 ? 30 : 600);
    expect(await restore(inPieces(text, most))).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await saved()).toBe(text);
  });

  it('says what the kernel refuses in the order of the lines, and goes on', async () => {
    const lines = Array.from({ length: 1500 }, () => '-A -t 10.0.0.1:80 -s rr');
    lines.splice(700, 0, '-a -t 10.0.0.9:80 -r 10.0.0.2:80 -g -w 1');
    lines.splice(1300, 0, '-A -t 10.0.0.1:80 -s rr -x');
    const { exitCode, stderr } = await restore(`${lines.join('\n')}\n`);
    const expected =
      exists.repeat(699) +
      'Service not defined\n' +
      exists.repeat(599) +
      '-x: missing argument\n' +
      exists.repeat(201);
    expect(stderr).toBe(expected);
    expect(exitCode).toBe(255);
  });

  it('has the exit code of its last line', async () => {
    expect((await restore('-D -f 1\n-A -f 1\n')).exitCode).toBe(0);
    expect((await restore('-A -f 2\n-A -f 2\n\n  \nipvsadm\n')).exitCode).toBe(255);
    expect((await restore('-A -f 3\n-A -f 3 -q')).exitCode).toBe(255);
    expect((await restore('-A -f 3 -q\n-A -f 4')).exitCode).toBe(0);
    expect((await restore('')).exitCode).toBe(0);
  });

  it('ends at a line that says something wrong, with all lines before it done', async () => {
    const lines = rules(300).split('\n').slice(0, -1);
    lines.splice(1000, 0, '-A -t 10.0.0.1:80 foo');
    const { exitCode, stderr } = await restore(`${lines.join('\n')}\n`);
    expect([exitCode, stderr]).toEqual([2, 'unexpected argument foo\n']);
    expect(await saved()).toBe(rules(250));
  });

  it.each([
    ['-h', 0],
    ['-v', 0],
    ['-R', 255],
    ['foo', 255],
    ['-L -t 10.9.9.9:80', 1],
    ['# comment', 255],
  ])('ends at a line %s with exit code %d', async (line, exitCode) => {
    expect((await restore(`-A -f 1\n${line}\n-A -f 2\n`)).exitCode).toBe(exitCode);
    expect(await saved()).toBe('-A -f 1 -s wlc\n');
  });

  it('lists between the lines what is there by then', async () => {
    const { stdout } = await restore('-A -f 1\n-Sn\n-A -f 2\n-Sn\n-C\n-Sn\n-Ln -f 2');
    expect(stdout).toBe('-A -f 1 -s wlc\n-A -f 1 -s wlc\n-A -f 2 -s wlc\n');
  });

  it('does each line before it waits for the next', async () => {
    const lines = ['-A -f 1\n', '-A -f 1\n', '-A -f 1 -q\n', '-A -f 2'];
    const seen: string[] = [];
    let stderr = '';
    const source: ByteSource = {
      read: async (buffer) => {
        // Whoever feeds a restore this slowly sees what became of a line before giving the next.
        await expect.poll(async () => `${stderr}${await saved()}`).toBe(after[seen.length]);
        const line = lines.shift() ?? '';
        seen.push(line);
        return Buffer.from(line).copy(buffer);
      },
    };
    const one = '-A -f 1 -s wlc\n';
    const complaints = `${exists}-q: unknown option\n`;
    const after = ['', one, exists + one, complaints + one, complaints + one];
    const { exitCode } = await restore(source, (text) => {
      stderr += text;
    });
    expect(seen.length).toBe(5);
    expect(exitCode).toBe(0);
    expect(await saved()).toBe('-A -f 1 -s wlc\n-A -f 2 -s wlc\n');
  });

  it('takes a line of any length, in words of 4096 bytes', async () => {
    const long = `-A -f 1 ${'x'.repeat(3_000_000)}`;
    const { exitCode, stderr } = await restore(inPieces(`${long}\n`, 100_000));
    expect([exitCode, stderr]).toEqual([2, `unexpected argument ${'x'.repeat(4096)}\n`]);
  });
});
