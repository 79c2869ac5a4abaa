import { randomBytes } from 'node:crypto';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesInGuest, inGuest, inKernel, program } from './in-kernel-run.ts';

let directory: string;

beforeAll(async () => {
  // Under /tmp whatever TMPDIR says: a guest cannot see the machine's /run and /dev/shm.
  directory = await mkdtemp("/tmp/lvskit test's ");
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Writes until it cannot, and says how it ended. */
const endless = "trap '' PIPE; while echo y; do :; done; exit 7";

describe('a command in a guest', () => {
  it('runs as root on the kernel asked for, with IPVS', async () => {
    const run = await inGuest('id -u; uname -r; ipvsadm -Ln');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^0\n6\.1\.\d+\nIP Virtual Server version/);
  });

  it.for([
    ['its exit status', 'exit 7', 7],
    ['128+n for signal n', 'kill -KILL $$', 137],
  ] as const)('passes on %s', async ([, script, status]) => {
    expect(await inGuest(script)).toMatchObject({ exitCode: status, stdout: '', stderr: '' });
  });

  it('is reported as missing like by a shell', async () => {
    const run = await inKernel(['--kernel', '6.1', 'no-such-program']);
    expect(run.exitCode).toBe(127);
    expect(run.stderr).toContain('no-such-program');
  });

  it('keeps output and errors apart, to the byte, and sees no terminal', async () => {
    const [out, err] = [randomBytes(300_000), randomBytes(70_000)];
    const script = '[[ ! -t 0 && ! -t 1 && ! -t 2 ]] && cat out && cat err >&2';
    await Promise.all([
      writeFile(join(directory, 'out'), out),
      writeFile(join(directory, 'err'), err),
    ]);
    const run = await bytesInGuest(['bash', '-c', script], Buffer.of(), directory);
    expect(run.exitCode).toBe(0);
    expect(out.equals(run.stdout)).toBe(true);
    expect(err.equals(run.stderr)).toBe(true);
  });

  it('delivers output while it runs', async () => {
    const answer = join(directory, 'answer');
    const run = inGuest(`echo first; until [[ -e "${answer}" ]]; do sleep 0.1; done; echo last`);
    const first = await new Promise((resolve) => {
      run.stdout.once('data', (data: Buffer) => resolve(data.toString()));
    });
    expect(first).toBe('first\n');
    await writeFile(answer, '');
    expect(await run).toMatchObject({ exitCode: 0, stdout: 'first\nlast\n' });
  });

  it('gets its arguments unchanged', async () => {
    const args = [
      '',
      ' ',
      'a b',
      "it's",
      '"',
      '$HOME `id` \\',
      'two\nlines',
      '-n',
      '--',
      '*',
      'ä☃',
    ];
    const run = await inKernel(['--kernel', '6.1', '--', 'printf', '%s\\0', ...args]);
    expect(run.stdout.split('\0')).toEqual([...args, '']);
  });

  it('gets the working directory and the environment', async () => {
    const env = {
      LVSKIT_TEST: 'quo"te\nline ',
      NODE_OPTIONS: '--no-warnings',
      CI: '1',
      NO_COLOR: '',
      VITEST_X: '$x',
      TERM: 'vt100',
    };
    const run = await inKernel(['--kernel=6.1', 'bash', '-c', 'pwd; env -0'], {
      cwd: directory,
      env,
    });
    const [pwd] = run.stdout.split('\n', 1);
    const seen = run.stdout.slice(directory.length + 1).split('\0');
    expect(pwd).toBe(directory);
    expect(seen).toEqual(
      expect.arrayContaining(Object.entries(env).map(([name, value]) => `${name}=${value}`)),
    );
    expect(seen).toContain(`HOME=${process.env['HOME']}`);
  });

  it('reads what is piped to it, to the byte and to the end', async () => {
    const input = randomBytes(50_000);
    const run = await bytesInGuest(['cat'], input, directory);
    expect(run.exitCode).toBe(0);
    expect(input.equals(run.stdout)).toBe(true);
  });

  it('reads a file given to it', async () => {
    const file = join(directory, 'input');
    await writeFile(file, 'from a file\n');
    const run = await execa({
      reject: false,
    })`bash -c ${'"$0" --kernel 6.1 cat <"$1"'} ${program} ${file}`;
    expect(run).toMatchObject({ exitCode: 0, stdout: 'from a file' });
  });

  // After a pause of the reader every pipe on the way is full, which ends in another way.
  it.each([
    ['its output any more', 'yes', '', 141],
    ['its output any more, and much of it is under way', 'yes', 'sleep 3', 141],
    ['its errors any more, and much of them is under way', 'exec yes >&2', 'sleep 3', 141],
    ['its output any more, though it ignores the signal', endless, '', 7],
  ])('ends when nobody reads %s', async (_what, command, pause, status) => {
    const streams = command.includes('>&2') ? '2>&1 >/dev/null' : '2>/dev/null';
    const line =
      `"$0" --kernel 6.1 --timeout 60 -- bash -c "$1" ${streams} | ` +
      `{ read -r line; echo "$line"; ${pause}\n}; echo $PIPESTATUS`;
    const run = await execa({ reject: false })`bash -c ${line} ${program} ${command}`;
    expect(run.stdout).toBe(`y\n${status}`);
  });

  it('has a hostname, a loopback interface that is up, and the usual devices', async () => {
    const run = await inGuest(
      'hostname; cat /sys/class/net/lo/flags; echo x >/dev/null; head -c 4 /dev/urandom | wc -c; ' +
        'ls -d /dev/net/tun /dev/ptmx /dev/shm /dev/stdin; ip netns add a && ip netns',
    );
    const hostname = (await execa`hostname`).stdout;
    expect(run.stdout.split('\n')).toEqual([
      hostname,
      '0x9',
      '4',
      '/dev/net/tun',
      '/dev/ptmx',
      '/dev/shm',
      '/dev/stdin',
      'a',
      '',
    ]);
  });

  it('has the memory asked for', async () => {
    const run = await inKernel([
      '--kernel',
      '6.1',
      '--memory',
      '3G',
      'head',
      '-n1',
      '/proc/meminfo',
    ]);
    expect(Number(/\d+/.exec(run.stdout)?.[0])).toBeGreaterThan(2.8 * 2 ** 20);
  });
});

describe('a command on a terminal', () => {
  it('gets one, with its size and its keys', async () => {
    const script =
      'trap "echo interrupted; exit 42" INT; ' +
      '[[ -t 0 && -t 1 && -t 2 ]] && stty size && echo ready; while :; do sleep 0.1; done';
    const line = `stty rows 33 cols 111; ${program} --kernel 6.1 -- bash -c '${script}'`;
    const run = execa('script', ['-qec', line, '/dev/null'], { reject: false });
    run.stdout.on('data', (data: Buffer) => {
      if (data.toString().includes('ready')) {
        run.stdin.write('\x03');
      }
    });
    const { stdout, exitCode } = await run;
    expect(stdout).toMatch(/^33 111\r?\nready\r?\n\^Cinterrupted\r?$/);
    expect(exitCode).toBe(42);
  });

  it('leaves the terminal as it was', async () => {
    const line = `stty -g; ${program} --kernel 6.1 true; stty -g`;
    const { stdout } = await execa('script', ['-qec', line, '/dev/null']);
    const [before, after] = stdout.split(/\r?\n/);
    expect(before).toMatch(/^[0-9a-f:]{20,}$/);
    expect(after).toBe(before);
  });
});

describe('several guests at once', () => {
  it('do not see each other', async () => {
    const runs = await Promise.all(
      [1, 2, 3].map((n) =>
        inGuest(`ipvsadm -A -t 192.0.2.${n}:80 && sleep 1 && ipvsadm -Sn && hostname`),
      ),
    );
    const hostname = (await execa`hostname`).stdout;
    expect(runs.map((run) => run.stdout)).toEqual(
      [1, 2, 3].map((n) => `-A -t 192.0.2.${n}:80 -s wlc\n${hostname}\n`),
    );
  });
});

describe('the other kernels', () => {
  it.for(['5.10', '6.12', '7.2'])('%s runs IPVS and Node', async (version, { skip }) => {
    const home = process.env['XDG_CACHE_HOME'] ?? `${process.env['HOME']}/.cache`;
    const cached = await access(`${home}/lvskit/kernels/${version}/linux`).then(
      () => true,
      () => false,
    );
    skip(!cached, 'not fetched on this machine');
    const script = 'uname -r; ipvsadm -Ln >/dev/null || modprobe ip_vs && ipvsadm -Ln; node -p 6*7';
    const run = await inKernel(['--kernel', version, '--', 'bash', '-c', script]);
    expect(run.stdout).toMatch(
      new RegExp(`^${version.replace('.', '\\.')}\\.\\d+\nIP Virtual Server[^]*\n42\n$`),
    );
  });
});
