import { copyFile, cp, mkdtemp, readlink, rm, symlink } from 'node:fs/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inGuest, inKernel, program, scripts } from './in-kernel-run.ts';

const isRoot = process.getuid?.() === 0;
const host = `${program} --kernel host --`;

describe('the host as kernel, tried in a guest', () => {
  it('gives every run a network, processes and names of namespaces of its own', async () => {
    const run = await inGuest(
      [
        'set -e',
        'ip link add seen type dummy; ipvsadm -A -t 192.0.2.1:80; ip netns add outer; sleep 77 &',
        `${host} bash -c 'ls /sys/class/net; ipvsadm -Sn; ip netns add inner; ip netns; exit 5' || echo "status $?"`,
        'ip netns; ls /sys/class/net | sort; ipvsadm -Sn',
      ].join('\n'),
    );
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe('lo\ninner\nstatus 5\nouter\nlo\nseen\n-A -t 192.0.2.1:80 -s wlc\n');
  });

  it('is chosen by itself, and ends with everything it started', async () => {
    const run = await inGuest(
      [
        'unset LVSKIT_KERNEL',
        `${program} bash -c 'sleep 1234 & echo "\${LVSKIT_KERNEL}"'`,
        `${program} --timeout 1 sleep 1234; echo "status $?"`,
        'grep -lsz "^1234$" /proc/[0-9]*/cmdline; echo searched',
      ].join('\n'),
    );
    expect(run.stderr).toBe('in-kernel: the command was ended at the timeout of 1 s\n');
    expect(run.stdout).toBe('host\nstatus 124\nsearched\n');
  });

  it('passes on signals and input', async () => {
    const run = await inGuest(
      [
        `echo piped | ${host} cat`,
        `env --default-signal=INT ${host} bash -c 'trap "echo cleaned; exit 42" INT; echo >/run/up; while :; do sleep 0.1; done' &`,
        'until [[ -e /run/up ]]; do sleep 0.1; done',
        'kill -INT $!; wait $!; echo "status $?"',
        `${host} sh -c 'kill -KILL $$'; echo "status $?"`,
      ].join('\n'),
    );
    expect(run).toMatchObject({ stderr: '', stdout: 'piped\ncleaned\nstatus 42\nstatus 137\n' });
  });
});

describe('an ordinary user', () => {
  let copy: string;

  beforeAll(async () => {
    // A checkout below a private home directory would be out of the other user's reach.
    copy = await mkdtemp('/tmp/lvskit-user-');
    await cp(`${scripts}/kernel`, `${copy}/kernel`, { recursive: true });
    await copyFile(program, `${copy}/in-kernel`);
    await execa`chmod -R a+rX ${copy}`;
  });

  afterAll(() => rm(copy, { recursive: true, force: true }));

  const asUser = (args: readonly string[]) => {
    const user = isRoot
      ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups']
      : ['env'];
    const [command = '', ...rest] = [...user, `${copy}/in-kernel`, ...args];
    return execa(command, rest, { reject: false, cwd: '/', env: { LVSKIT_KERNEL: '' } });
  };

  it('is root in a guest, with the rights of that user over files', async () => {
    const script =
      `id -u; mount -t tmpfs none /mnt && ipvsadm -A -u 192.0.2.1:53 && ipvsadm -Sn; ` +
      'touch /etc/lvskit-test 2>&1';
    const run = await asUser(['--kernel', '6.1', '--', 'bash', '-c', script]);
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe(
      "0\n-A -u 192.0.2.1:53 -s wlc\ntouch: cannot touch '/etc/lvskit-test': Permission denied",
    );
  });

  it('is told that the host kernel takes root', async () => {
    const run = await asUser(['--kernel', 'host', 'true']);
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toMatch(
      /^in-kernel: the host kernel can be used by root only: .*--kernel 6\.1$/,
    );
  });
});

describe('a mistake', () => {
  it.for([
    [[], 'no command given'],
    [['--kernel'], '--kernel needs a value'],
    [['--kernel', '6.2', 'true'], "unknown kernel '6.2'"],
    [['--memory', '512', 'true'], "memory '512' is not a size such as 512M or 4G"],
    [['--memory', '8M', 'true'], 'memory 8M is too little for a guest: at least 64M'],
    [['--timeout', '-1', 'true'], "timeout '-1' is not a whole number"],
    [['--timeout=1s', 'true'], "timeout '1s' is not a whole number"],
    [['--colour', 'true'], 'unknown option --colour'],
  ] as const)('in the options is refused with the usage: %j', async ([args, message]) => {
    const run = await inKernel(args);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain(`in-kernel: ${message}`);
    expect(run.stderr).toContain('\nusage: scripts/in-kernel ');
  });

  it('in LVSKIT_KERNEL is refused like one in --kernel', async () => {
    const run = await inKernel(['true'], { env: { LVSKIT_KERNEL: '4.19' } });
    expect(run).toMatchObject({ exitCode: 2 });
    expect(run.stderr).toContain("unknown kernel '4.19'");
  });

  it('is not asking for help', async () => {
    const run = await inKernel(['--help']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^usage: /);
  });

  it('of running where a guest sees nothing is explained', async () => {
    const run = await inKernel(['--kernel', '6.1', 'true'], { cwd: '/dev/shm' });
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toMatch(/^in-kernel: a guest has its own .*cannot see \/dev\/shm\n$/);
  });

  it('of running without a program is answered with the package that has it', async () => {
    const bin = await mkdtemp('/tmp/lvskit-bin-');
    for (const name of ['bash', 'dirname', 'readlink', 'uname', 'grep', 'perl', 'modprobe']) {
      const { stdout } = await execa`which ${name}`;
      await symlink(await readlink(stdout).catch(() => stdout), `${bin}/${name}`);
    }
    const run = await inKernel(['--kernel', '6.1', 'true'], { env: { PATH: bin } });
    await rm(bin, { recursive: true });
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toBe('in-kernel: a guest needs Debian packages: apt-get install busybox\n');
  });
});
