// @ts-check
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const database = 'native/build/dev';
const stamps = 'native/build/tidy';

const { values: options } = parseArgs({
  options: { all: { type: 'boolean', default: false }, only: { type: 'string' } },
});
if (options.only !== undefined && options.only !== 'format' && options.only !== 'tidy') {
  console.error('usage: scripts/check-native [--all] [--only format|tidy]');
  process.exit(2);
}

// Files that git does not know yet are checked too: they are about to be committed.
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'native/*.cc', 'native/*.h'],
  { encoding: 'utf8' },
)
  .split('\n')
  .filter((file) => existsSync(file));

let passed = 0;
let failed = 0;

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<boolean>}
 */
function check(program, args) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') {
        reject(new Error(`cannot run ${program}: ${error.message}`));
        return;
      }
      if (error !== null) {
        // clang-format reports on stderr; clang-tidy only counts suppressed warnings there.
        process.stdout.write(stdout === '' ? stderr : stdout);
        failed += 1;
      } else {
        passed += 1;
      }
      resolve(error === null);
    });
  });
}

/** The quoted includes of a file, and theirs: all of ours that its compilation reads. */
const includesOf = (() => {
  /** @type {Map<string, ReadonlySet<string>>} */
  const known = new Map();
  /** @type {(file: string) => ReadonlySet<string>} */
  const read = (file) => {
    const before = known.get(file);
    if (before !== undefined) return before;
    /** @type {Set<string>} */
    const found = new Set();
    known.set(file, found);
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
      const path = [join('native', name), join(dirname(file), name)].find((at) => existsSync(at));
      if (path === undefined) continue;
      found.add(path);
      for (const further of read(path)) found.add(further);
    }
    return found;
  };
  return read;
})();

const rules = ['.clang-tidy', 'native/test/.clang-tidy'].map((file) => readFileSync(file, 'utf8'));

/** @param {string} file */
function fingerprint(file) {
  const hash = createHash('sha256').update(rules.join('\0'));
  for (const name of [file, ...[...includesOf(file)].sort()]) {
    hash.update(`\0${name}\0`).update(readFileSync(name));
  }
  return hash.digest('hex');
}

/** @param {string} file */
async function tidy(file) {
  const stamp = join(stamps, `${file.replaceAll('/', '+')}.passed`);
  const now = fingerprint(file);
  if (!options.all && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) {
    passed += 1;
    return;
  }
  rmSync(stamp, { force: true });
  // The database holds gcc's command lines, and under clang -Wconversion means more.
  const args = ['--quiet', '-p', database, '--extra-arg=-Wno-sign-conversion', file];
  if (await check('clang-tidy', args)) writeFileSync(stamp, now);
}

if (options.only !== 'tidy') {
  await check('clang-format', ['--dry-run', '--Werror', ...files]);
}

if (options.only !== 'format') {
  mkdirSync(stamps, { recursive: true });
  execFileSync('scripts/build-native', ['compile-commands'], { stdio: ['ignore', 'ignore', 2] });
  const waiting = files.filter((file) => file.endsWith('.cc'));
  const jobs = Number(process.env['LVSKIT_JOBS'] ?? availableParallelism());
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await tidy(file);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

console.log(`checks: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
