import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sandbox } from './setup-sandbox.ts';

const allPackages = 'g++ make python3 user-mode-linux kmod busybox iproute2';
const command = `apt-get update && apt-get install -y --no-install-recommends ${allPackages}`;

/** What a call was for: its first two words. */
const step = (call: string): string => call.split(' ', 2).join(' ');

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await Sandbox.make();
});

afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
});

describe('a fresh clone on a machine with all packages', () => {
  it('gets its Node packages, the addon and the compiled TypeScript, in that order', async () => {
    const { exitCode, stdout, calls } = await sandbox.setup('start');
    expect(exitCode).toBe(0);
    expect(calls.map(step)).toEqual(['npm ci', 'node-gyp configure', 'npm run']);
    expect(calls[1]).toMatch(/^node-gyp configure build --nodedir=\//);
    expect(stdout).toContain('setup: building the native addon …');
  });

  it('is left alone the second time', async () => {
    await sandbox.setup('start');
    expect(await sandbox.setup('start')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
      calls: [],
    });
  });

  it('is told what there is to do, and left alone, by --check', async () => {
    const { exitCode, stdout, calls } = await sandbox.setup('--check', 'start');
    expect(exitCode).toBe(1);
    expect(stdout.split('\n')).toEqual([
      'setup: to do: installing the Node packages (npm ci)',
      'setup: to do: building the native addon',
      'setup: to do: compiling the TypeScript',
    ]);
    expect(calls).toEqual([]);
    await sandbox.setup('start');
    expect(await sandbox.setup('--check', 'start')).toMatchObject({ exitCode: 0, stdout: '' });
  });
});

describe('a change', () => {
  beforeEach(async () => {
    await sandbox.setup('start');
  });

  it.each([
    ['a C++ source', 'native/addon.cc', ['node-gyp configure']],
    ['the build file', 'binding.gyp', ['node-gyp configure']],
    ['a TypeScript source', 'src/index.ts', ['npm run']],
    ['a new TypeScript source', 'src/more.ts', ['npm run']],
    ['a C++ test', 'native/test/some_test.cc', []],
    ['the lock file', 'package-lock.json', ['npm ci', 'node-gyp configure', 'npm run']],
  ])('of %s does again what rests on it, and no more', async (_what, path, redone) => {
    await sandbox.write(path, '// changed\n');
    const { exitCode, calls } = await sandbox.setup('start');
    expect(exitCode).toBe(0);
    expect(calls.map(step)).toEqual(redone);
  });
});

describe('a step that fails', () => {
  it('shows its output, ends the setup, and is done again the next time', async () => {
    await sandbox.setup('start');
    const failing = '#!/bin/bash\necho "addon.cc:1: error: no such luck"\nexit 2\n';
    await sandbox.write('node_modules/.bin/node-gyp', failing);
    await sandbox.write('native/addon.cc', 'int two;\n');
    await sandbox.write('src/index.ts', 'export const two = 2;\n');
    for (const attempt of [1, 2]) {
      const { exitCode, stderr, calls } = await sandbox.setup('start');
      expect(exitCode, `attempt ${attempt}`).toBe(1);
      expect(stderr).toContain('addon.cc:1: error: no such luck');
      expect(stderr).toContain('setup: failed: building the native addon');
      expect(calls).toEqual([]);
    }
  });
});

describe('missing Debian packages', () => {
  it('are installed after one update, and only those', async () => {
    await sandbox.user(0);
    await sandbox.without('g++', 'busybox');
    await sandbox.aptGet('g++', 'busybox');
    const { exitCode, stdout, calls } = await sandbox.setup('start');
    expect(exitCode).toBe(0);
    expect(calls[0]).toMatch(/^apt-get .*\bupdate$/);
    expect(calls[1]).toMatch(/^apt-get .*\binstall -y --no-install-recommends g\+\+ busybox$/);
    expect(calls[2]).toContain('npm ci');
    expect(stdout).toContain('setup: installing g++ busybox …');
  });

  it('are named, with the command for root, to somebody who is not root', async () => {
    await sandbox.user(1000);
    await sandbox.without('g++', 'linux.uml');
    await sandbox.aptGet();
    const { exitCode, stderr, calls } = await sandbox.setup('start');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('missing Debian packages: g++ user-mode-linux');
    expect(stderr).toContain(`as root, run: ${command}`);
    expect(calls).toEqual([]);
  });

  it('do not ask for root where nothing is missing', async () => {
    await sandbox.user(1000);
    expect(await sandbox.setup('start')).toMatchObject({ exitCode: 0 });
  });

  it('are named where there is no apt-get', async () => {
    await sandbox.without('g++', 'make');
    const { exitCode, stderr, calls } = await sandbox.setup('start');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('missing: what these Debian packages hold: g++ make');
    expect(stderr).toContain('this is no Debian');
    expect(stderr).toContain(command);
    expect(calls).toEqual([]);
  });

  it('are named with what apt-get said when it fails', async () => {
    await sandbox.user(0);
    await sandbox.without('make');
    const said = 'E: Could not resolve mirror.invalid';
    await sandbox.program('apt-get', `#!/bin/bash\necho "${said}" >&2\nexit 100\n`);
    const { exitCode, stderr, calls } = await sandbox.setup('start');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(said);
    expect(stderr).toContain(`apt-get update failed; once it works, run: ${command}`);
    expect(calls).toEqual([]);
  });

  it('are named when their installation did not bring them', async () => {
    await sandbox.user(0);
    await sandbox.without('make');
    await sandbox.aptGet();
    const { exitCode, stderr } = await sandbox.setup('start');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('still missing after their installation: make');
  });

  it('of the tests are asked for by the tests alone', async () => {
    await sandbox.user(1000);
    await sandbox.aptGet();
    const { exitCode, stderr } = await sandbox.setup('test');
    expect(exitCode).toBe(1);
    for (const name of ['clang-tidy', 'ninja-build', 'shellcheck', 'patchelf']) {
      expect(stderr).toContain(name);
    }
    expect(stderr).toMatch(/as root, run: apt-get .* g\+\+ .* clang .* libclang-rt-\d+-dev/);
  });
});

describe('a machine that cannot do', () => {
  it.each(['v18.19.0', 'v20.18.3', 'v21.7.3', 'v22.11.0'])(
    'because of Node.js %s is told which to install',
    async (version) => {
      await sandbox.node(version);
      const { exitCode, stderr, calls } = await sandbox.setup('start');
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`Node.js ${version} is too old: install 20.19 or newer`);
      expect(calls).toEqual([]);
    },
  );

  it.each(['v20.19.0', 'v22.12.0', 'v24.0.0', 'v26.10.0'])(
    'is not one with Node.js %s',
    async (version) => {
      await sandbox.node(version);
      expect(await sandbox.setup('start')).toMatchObject({ exitCode: 0 });
    },
  );

  it('for want of Node.js is told to install it', async () => {
    await sandbox.without('node');
    const { exitCode, stderr } = await sandbox.setup('start');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('node is missing: install Node.js 20.19 or newer');
  });

  it('because it does not run Linux is told so', async () => {
    await sandbox.program('uname', '#!/bin/bash\necho Darwin\n');
    const { exitCode, stderr } = await sandbox.setup('start');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('IPVS is part of the Linux kernel; this is Darwin');
  });
});

it.each([[[]], [['stop']], [['start', 'test']], [['--check']]])(
  'refuses the arguments %j with its usage',
  async (args) => {
    const { exitCode, stderr } = await sandbox.setup(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('usage: scripts/setup [--check] start|test');
  },
);
