// @ts-check
// The stages of `npm test`, in the order in which they start.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { checksLine, doctest, oneCheck, vitest } from './counts.mjs';

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {() => readonly string[]} command
 * @property {import('./counts.mjs').Counter} count
 * @property {number} timeoutSeconds
 * @property {string} [after] a stage that has to have passed before
 * @property {boolean} [background] whether it waits for nobody and nobody for it: it takes what the
 *   others leave of the processors
 * @property {() => Readonly<Record<string, string>>} [environment]
 */

export const results = 'test-results';

/** @type {(program: string, ...args: readonly string[]) => string} */
const outputOf = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' }).trim();

/** @type {(name: string, timeoutSeconds: number, ...command: readonly string[]) => Stage} */
const check = (name, timeoutSeconds, ...command) => ({
  name,
  command: () => command,
  count: oneCheck,
  timeoutSeconds,
});

/** @type {(stage: string, project: string) => readonly string[]} */
const vitestArguments = (stage, project) => [
  'node_modules/vitest/vitest.mjs',
  'run',
  `--project=${project}`,
  // Those of its tests that need a process to themselves, if there are any.
  `--project=${project}-alone`,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${results}/${stage}.json`,
];

/** @type {(name: string, project: string, node?: () => string) => Stage} */
const onHost = (name, project, node = () => process.execPath) => ({
  name,
  command: () => [node(), ...vitestArguments(name, project)],
  count: vitest(`${results}/${name}.json`),
  timeoutSeconds: 1200,
});

/** @type {(project: string, kernel: string) => Stage} */
const inKernel = (project, kernel) => {
  const name = `${project}-${kernel}`;
  const timeoutSeconds = 2400;
  const guest = ['--kernel', kernel, '--memory', '2048M', '--timeout', String(timeoutSeconds)];
  return {
    name,
    command: () => [
      'scripts/in-kernel',
      ...guest,
      '--',
      process.execPath,
      ...vitestArguments(name, project),
    ],
    count: vitest(`${results}/${name}.json`),
    // The guest is given the chance to end itself first, and to show its console.
    timeoutSeconds: timeoutSeconds + 30,
  };
};

/** @type {(line: string) => Stage} */
const onNode = (line) =>
  onHost(`native-${line}`, 'native', () => outputOf('scripts/node-line', line));

/** @type {() => Readonly<Record<string, string>>} */
const sanitizers = () => ({
  LVSKIT_PREBUILD: resolve('native/build/asan'),
  // The sanitizer has to be in the process before Node is, and the C++ library before it looks for
  // what it has to intercept of it.
  LD_PRELOAD: ['libasan.so', 'libstdc++.so']
    .map((library) => outputOf('g++', `-print-file-name=${library}`))
    .join(' '),
  // Node itself does not free everything at its end. The C++ unit tests do look for leaks.
  ASAN_OPTIONS: 'detect_leaks=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
});

/** Everything in the tree that a shell runs. */
const shellScripts = () =>
  outputOf('git', 'ls-files', '--cached', '--others', '--exclude-standard', 'scripts', '.ci')
    .split('\n')
    .filter((file) => /^#!.*\b(ba)?sh\b|^# shellcheck shell=/.test(readFileSync(file, 'utf8')));

/** @type {() => readonly Stage[]} */
const fuzzers = () =>
  readdirSync('native/fuzz')
    .filter((file) => file.endsWith('_fuzzer.cc'))
    .map((file) => file.replace('_fuzzer.cc', ''))
    .map((name) => {
      const seconds = process.env['FUZZ_SECONDS'] ?? '60';
      return {
        name: `fuzz-${name}`,
        command: () => ['scripts/fuzz', seconds, name],
        count: checksLine,
        timeoutSeconds: Number(seconds) + 600,
        after: 'build-fuzz',
        background: true,
      };
    });

/** @type {() => readonly Stage[]} */
export const allStages = () => [
  check('biome', 60, 'node_modules/.bin/biome', 'ci', '--colors=off', '.'),
  check('typecheck', 120, 'node_modules/.bin/tsc', '-p', 'test/tsconfig.json'),
  {
    ...check('shellcheck', 120),
    command: () => ['shellcheck', '-x', ...shellScripts()],
  },
  check('clang-format', 60, 'scripts/check-native', '--only', 'format'),
  check('build-asan', 1200, 'scripts/build-native', 'asan'),
  check('build-fuzz', 1200, 'scripts/build-native', 'fuzz'),
  {
    name: 'native-unit',
    command: () => ['native/build/asan/unit_tests'],
    count: doctest,
    timeoutSeconds: 120,
    after: 'build-asan',
  },
  {
    name: 'corpus',
    command: () => ['scripts/fuzz', '--replay'],
    count: checksLine,
    timeoutSeconds: 120,
    after: 'build-fuzz',
  },
  onHost('unit', 'unit'),
  onHost('types', 'types'),
  inKernel('kernel', '6.1'),
  inKernel('kernel', '5.10'),
  inKernel('kernel', '6.12'),
  inKernel('kernel', '7.2'),
  inKernel('cli', '6.1'),
  inKernel('cli', '7.2'),
  inKernel('real-server', '6.1'),
  inKernel('real-server', '7.2'),
  inKernel('peer', '6.1'),
  inKernel('peer', '7.2'),
  onHost('scripts', 'scripts'),
  { ...onHost('native-asan', 'native'), after: 'build-asan', environment: sanitizers },
  onNode('20'),
  onNode('22'),
  onNode('24'),
  ...fuzzers(),
  {
    name: 'clang-tidy',
    command: () => ['scripts/check-native', '--only', 'tidy'],
    count: checksLine,
    timeoutSeconds: 3600,
    background: true,
    environment: () => ({ LVSKIT_JOBS: '1' }),
  },
];
