import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { lvskit } from '../support/command.ts';
import { repeats } from '../support/kernel.ts';
import { removeScratchTables, type ScratchTable, scratchTable } from '../support/scratch-table.ts';

removeScratchTables();

let running: ChildProcess | undefined;
let folder: string | undefined;
afterEach(async () => {
  if (running?.exitCode === null) {
    const exit = once(running, 'exit');
    running.kill('SIGTERM');
    await exit;
  }
  if (folder !== undefined) rmSync(folder, { recursive: true });
  running = undefined;
  folder = undefined;
});

const corpus = 'test/data/import/keepalived';
/** What lvskit refuses cannot be the same; of what keepalived does not understand it makes a guess. */
const different = ['refused.conf', 'regex.conf', 'passed-over.conf', 'mail.conf', 'misc.conf'];

/** What only keepalived has, each for a reason. */
const theirsAlone = [
  // A line of a group that is no address.
  '-A -u 255.255.255.255:0 -s wlc -p 360',
  '-a -u 255.255.255.255:0 -r 10.0.0.1:0 -m -w 1',
  // A sorry server that waits at weight 0; a fallback is in the table while it serves.
  '-a -t 192.0.2.40:80 -r 10.0.0.98:80 -m -w 0',
];

/** What only lvskit has: of thresholds that cannot be, the kernel refuses the server, and import the thresholds. */
const oursAlone = ['-a -t 192.0.2.41:83 -r 10.0.0.2:83 -g -w 7'];

/**
 * A configuration as far as it asks for a table: without its checkers, which are found by braces
 * alone, and what they would do within seconds to servers that are not there; and without a range
 * over the end of a network, which keepalived takes for the rest of the addresses there are.
 */
function tablePart(text: string): string {
  let kept = text;
  for (;;) {
    const found = /\b[A-Z]+_(?:CHECK|GET)\b(\s*\{)?/.exec(kept);
    if (found === null) break;
    let end = found.index + found[0].length;
    for (let depth = found[1] === undefined ? 0 : 1; depth > 0; end++) {
      if (kept[end] === '{') depth++;
      if (kept[end] === '}') depth--;
    }
    kept = kept.slice(0, found.index) + kept.slice(end);
  }
  return kept
    .replaceAll(/^.*192\.0\.2\.254-.*$/gm, '')
    .replaceAll(/(?:@\S+ )?inhibit_on_failure(?: (?:no|yes|true|false))?/g, '');
}

/** All configurations there are as one, with all that they include. @returns Its path. */
function wholeCorpus(): string {
  folder = mkdtempSync('/tmp/lvskit-keepalived-');
  cpSync(corpus, folder, { recursive: true });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:conf|inc)$/.test(name) && !name.startsWith('bad/'))
    .sort();
  for (const name of files) {
    const path = join(folder, name);
    writeFileSync(path, tablePart(readFileSync(path, 'utf8')));
  }
  const main = files.filter((name) => !name.includes('/') && !different.includes(name));
  const path = join(folder, 'main.conf');
  writeFileSync(path, [...main, 'includes/main.conf'].map((name) => `include ${name}\n`).join(''));
  return path;
}

/** Debian's ipvsadm in the namespace of a table; lines in an order of their own. */
async function saved(table: ScratchTable): Promise<readonly string[]> {
  const { stdout } = await execa('ip', ['netns', 'exec', table.name, 'ipvsadm', '-Sn']);
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .sort();
}

/** Starts keepalived in the namespace of a table, with its checkers alone. */
function startKeepalived(table: ScratchTable, file: string): () => string {
  const files = ['-f', file, '-p', `${file}.pid`, '-c', `${file}.checkers.pid`];
  const words = ['netns', 'exec', table.name, 'keepalived', '-n', '-l', '-D', '-C', ...files];
  const started = spawn('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const listen = (bytes: Buffer) => {
    said += bytes.toString();
  };
  started.stdout.on('data', listen);
  started.stderr.on('data', listen);
  running = started;
  return () => said;
}

describe.skipIf(repeats)('a configuration of keepalived', { timeout: 180_000 }, () => {
  it('makes the same table by keepalived as by lvskit import and apply', async () => {
    const file = wholeCorpus();
    const [theirs, ours] = [await scratchTable(), await scratchTable()];
    for (const { name } of [theirs, ours])
      await execa('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    const said = startKeepalived(theirs, file);
    const imported = await lvskit(['import', 'keepalived', '--output', `${file}.yaml`, file]);
    expect(imported.stderr).toMatch(/^imported \d\d services/);
    const applied = await lvskit(['apply', '--netns', ours.name, `${file}.yaml`]);
    expect(applied.code, applied.stderr).toBe(0);
    const own = await saved(ours);
    expect(own.length).toBeGreaterThan(140);
    expect(own).toEqual(expect.arrayContaining(oursAlone));
    const shared = own.filter((line) => !oursAlone.includes(line));
    const expected = [...shared, ...theirsAlone].sort();
    // It sets its table up a while after it has started, service by service.
    for (let left = 60; left > 0 && (await saved(theirs)).length < expected.length; left--) {
      await delay(1000);
    }
    expect(await saved(theirs), said()).toEqual(expected);
  });
});
