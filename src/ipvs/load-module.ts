import { execFile } from 'node:child_process';

/**
 * Loads the kernel module `ip_vs`. Kernels from 5.16 on do so themselves when they are asked for the
 * family, older ones do not know it by its name.
 *
 * @returns Why that failed, or undefined when it did not.
 */
export function loadIpvsModule(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const { PATH = '' } = process.env;
    // Ordinary users' PATH leaves the folders of modprobe out.
    const env = { PATH: `${PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };
    const options = { env, timeout: 30_000 };
    execFile('modprobe', ['ip_vs'], options, (error, _output, words) => {
      if (error === null) resolve(undefined);
      else resolve(error.code === 'ENOENT' ? 'there is no modprobe' : words.trim() || 'it failed');
    });
  });
}
