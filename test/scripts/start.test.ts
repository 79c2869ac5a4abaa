import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

/** Runs the body of `npm start`; the default kernel is a guest wherever the tests run. */
function start(words: readonly string[], input = '') {
  return execa('scripts/start', words, {
    reject: false,
    input,
    env: { LVSKIT_KERNEL: '6.1', NO_COLOR: '' },
  });
}

describe('npm start', () => {
  it('boots a kernel, balances by direct routing, and says so', async () => {
    const began = Date.now();
    const { exitCode, stdout, stderr } = await start([]);
    expect(stderr).toBe('booting Linux 6.1 …');
    expect(stdout).toContain('direct routing over IPv4, scheduler rr on Linux 6.1');
    expect(stdout).toContain('only the director answers');
    expect(stdout).toMatch(/expected {2}rs1 10, rs2 10\n +seen +rs1 10, rs2 10\n +kept$/m);
    expect(stdout).toMatch(/^ {2}0 of \d+ connections failed\n.* changed nothing$/m);
    expect(exitCode).toBe(0);
    expect(Date.now() - began).toBeLessThan(60_000);
  });

  it('hands its options to the lab, and the kernel to in-kernel', async () => {
    const words = ['--forwarding', 'tun', '--kernel', '6.1', '--ipv6', '--scheduler=wrr'];
    const { exitCode, stdout } = await start([...words, '--requests', '3', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      kept: true,
      forwarding: 'tun',
      family: 'ipv6',
      scheduler: 'wrr',
      promise: { seen: 'rs1 2, rs2 1' },
    });
    expect(exitCode).toBe(0);
  });

  it('keeps the lab, with a shell whose commands are its hosts', async () => {
    const commands = [
      'client busybox wget -q -O - "http://$LVSKIT_LAB_VIP/"',
      'director cat /proc/net/ip_vs',
      'lvskit status',
      'echo "lab $LVSKIT_LAB"',
      'exit 9',
    ];
    const { exitCode, stdout } = await start(['--keep', '-n', '2'], commands.join('\n'));
    expect(stdout).toContain('Its hosts are commands: client, director, rs1, rs2, switch.');
    expect(stdout).toMatch(
      /^\{"server":"rs[12]","to":"192\.0\.2\.100:80","from":"192\.0\.2\.200:/m,
    );
    expect(stdout).toContain('TCP  C0000264:0050 rr');
    expect(stdout).toMatch(/^web .*2\/2 up/m);
    expect(stdout).toMatch(/^lab lvs-\d+$/m);
    expect(exitCode).toBe(0);
  });

  it.each([
    [['--kernel'], '--kernel needs a value'],
    [['--kernel', '4.4'], "unknown kernel '4.4'"],
    [['--kernel=host', '--scheduler', 'best'], 'Allowed choices are rr, wrr'],
    [['--bogus'], "unknown option '--bogus'"],
    [['lab'], "too many arguments for 'lab'"],
  ])(
    'answers %j with the usage and exit status 2, before it boots anything',
    async (words, what) => {
      const { exitCode, stdout, stderr } = await start(words);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain(what);
      expect(stderr).toContain('Usage: lvskit lab');
      expect(stderr).not.toContain('booting');
    },
  );

  it('explains the kernel and all options of the lab', async () => {
    const { exitCode, stdout, stderr } = await start(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('--kernel V');
    expect(stdout).toContain('--forwarding <method>');
  });
});
