import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inKernel } from './in-kernel-run.ts';

// Refusals for which a kernel has to be in a state that the other tests could not live with.

const programAt = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

async function linesOf(kernel: string, script: string, ...options: string[]): Promise<unknown[]> {
  const run = await inKernel([
    ...['--kernel', kernel, '--timeout', '250', ...options, '--'],
    ...['bash', '-c', script],
  ]);
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('a kernel whose IPv6 is switched off', () => {
  // Debian has built IPv6 into Linux 7.2, where only a kernel parameter switches it off.
  it.each(['6.1', '6.12'])('says so of everything that needs it: %s', async (kernel) => {
    const refused = 'IPVS_FAMILY_UNSUPPORTED EAFNOSUPPORT: cannot';
    const because = 'this host has IPv6 disabled';
    expect(
      await linesOf(
        kernel,
        `modprobe ipv6 disable=1 && modprobe ip_vs && node ${programAt('without-ipv6.mjs')}`,
      ),
    ).toEqual([
      {
        changes: [
          'ok',
          `${refused} add service tcp [2001:db8::1]:80: ${because}`,
          `${refused} add service fwmark 7 ipv6: ${because}`,
          `${refused} edit service tcp [2001:db8::1]:80: ${because}`,
          `${refused} remove service tcp [2001:db8::1]:80: ${because}`,
          `${refused} zero the counters of tcp [2001:db8::1]:80: ${because}`,
          `${refused} add destination [2001:db8::2]:80 to tcp 192.0.2.1:80: ${because}`,
          `${refused} start the backup sync daemon on lo: ${because}`,
        ],
        find: `${refused} read service tcp [2001:db8::1]:80: ${because}`,
        table: [['tcp 192.0.2.1:80', 0]],
        daemons: [],
      },
    ]);
  });
});

describe('a kernel without a large enough piece of memory', () => {
  it.each(['6.1', '7.2'])('says so, and changes nothing: %s', async (kernel) => {
    const folder = '/dev/shm/full';
    const script =
      `mkdir ${folder} && mount -t ramfs ramfs ${folder} && modprobe ip_vs && ` +
      `node ${programAt('without-memory.mjs')} ${folder}`;
    expect(await linesOf(kernel, script, '--memory', '192M')).toEqual([
      {
        code: 'IPVS_OUT_OF_MEMORY',
        errnoName: 'ENOMEM',
        message: 'cannot start the backup sync daemon on lo: the kernel is out of memory',
        daemons: [],
        enough: true,
      },
      1,
    ]);
  });
});
