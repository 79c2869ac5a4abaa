import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { needsKernelOfItsOwn } from '../support/kernel.ts';
import { removeScratchTables, type ScratchTable, scratchTable } from '../support/scratch-table.ts';

removeScratchTables();

const bin = fileURLToPath(new URL('../../bin', import.meta.url));
let folder: string;
let table: ScratchTable;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-ipvsadm-'));
  await chmod(folder, 0o755);
  for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore']) {
    await symlink(join(bin, `lvskit-${name}`), join(folder, name));
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  table = await scratchTable();
});

/** Runs lines of bash in the namespace of the table, with the drop-in in ipvsadm's place. */
async function shell(
  ...lines: string[]
): Promise<{ status: unknown; stdout: string; stderr: string }> {
  // Not `ip netns exec`, which would hide from the kernel what is mounted.
  const result = await execa(
    'nsenter',
    [`--net=/run/netns/${table.name}`, 'bash', '-c', lines.join('\n')],
    {
      env: { PATH: `${folder}:${process.env['PATH']}` },
      encoding: 'latin1',
      reject: false,
      stripFinalNewline: false,
    },
  );
  const { stdout, stderr } = result;
  return { status: result.signal ?? result.exitCode, stdout, stderr };
}

const asNobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups';
const version = 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n';
const cannot = (reason: string) =>
  `Can't initialize ipvs: ${reason}\nAre you sure that IP Virtual Server is built in the kernel or as module?\n`;

describe('the program', () => {
  it('does not mind when what it writes is lost', async () => {
    const outcome = await shell(
      'ipvsadm -A -f 1',
      'ipvsadm -Ln >/dev/full; echo $?',
      'ipvsadm -Ln >&-; echo $?',
      'ipvsadm -A -f 1 2>&-; echo $?',
      'ipvsadm -R <&-; echo $?',
      'ipvsadm -R </; echo $?',
    );
    expect(outcome).toEqual({ status: 0, stdout: '0\n0\n255\n0\n0\n', stderr: '' });
  });

  it('ends by the signal when its reader has gone away', async () => {
    const outcome = await shell(
      'set -o pipefail',
      'ipvsadm -h | { exec <&-; sleep 3; }',
      'echo $?',
    );
    expect(outcome).toMatchObject({ stdout: '141\n', stderr: '' });
  });

  it('gives back words that are no UTF-8 as they are', async () => {
    const outcome = await shell("ipvsadm -A -f 1 -s $'r\\xe4' $'\\xff\\xfe' $'\\xc3\\xa4'");
    expect(outcome).toEqual({ status: 2, stdout: '', stderr: 'unexpected argument \xff\xfe\n' });
  });

  it('tells an ordinary user why it can do nothing, but what it is', async () => {
    expect(await shell(`${asNobody} ipvsadm -Q`)).toEqual({
      status: 2,
      stdout: '',
      stderr: cannot('Permission denied (you must be root)'),
    });
    expect(await shell(`${asNobody} ipvsadm -v`)).toEqual({
      status: 0,
      stdout: version,
      stderr: '',
    });
  });

  it('reads names of hosts and services, and shows them', async () => {
    const outcome = await shell(
      'ipvsadm -A -t localhost:http -s rr',
      'ipvsadm -a -t localhost:http -r localhost -w 5',
      'ipvsadm',
      'ipvsadm -S',
      'ipvsadm-save -n',
    );
    const rest = outcome.stdout.slice(outcome.stdout.indexOf('\n') + 1);
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    expect(rest).toBe(
      [
        'Prot LocalAddress:Port Scheduler Flags',
        '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
        'TCP  localhost:http rr',
        '  -> localhost:http               Route   5      0          0         ',
        '-A -t localhost:http -s rr',
        '-a -t localhost:http -r localhost:http -g -w 5',
        '-A -t 127.0.0.1:80 -s rr',
        '-a -t 127.0.0.1:80 -r 127.0.0.1:80 -g -w 5',
        '',
      ].join('\n'),
    );
  });

  it('replaces the table by its own rules through a pipe', async () => {
    const outcome = await shell(
      "for n in {1..300}; do printf -- '-A -f %d -s rr\\n#x\\n' $n; done | ipvsadm-restore",
      'ipvsadm-save | ipvsadm-restore',
      'ipvsadm-save | wc -l',
    );
    expect(outcome).toEqual({ status: 0, stdout: '300\n', stderr: '' });
  });

  it('clears the table for a restore of what is no text, and says so', async () => {
    const outcome = await shell(
      'ipvsadm -A -f 1',
      "printf -- '-A -f 2\\n\\0\\n' | ipvsadm-restore",
      'echo $?; ipvsadm-save',
    );
    const stderr = 'grep: (standard input): binary file matches\n';
    expect(outcome).toEqual({ status: 0, stdout: '0\n', stderr });
  });

  it('shows how to use ipvsadm-save', async () => {
    expect(await shell('ipvsadm-save -n --help')).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'ipvsadm-save: Script to save the IPVS table to stdout.\n' +
        '   With the -n option, prints out the table in numeric format.\n',
    });
  });
});

describe('without the module', () => {
  it('loads it, and where there is none tells so of everything but help and version', {
    timeout: 240_000,
  }, async (context) => {
    needsKernelOfItsOwn(context);
    const unload = "modprobe -ra $(lsmod | sed -n 's/^\\(ip_vs_[a-z_]*\\) .*/\\1/p') ip_vs";
    // Namespaces of other tests are taken apart in the background, and keep it as long as that takes.
    const unloadInTime = `for try in {1..900}; do ${unload} 2>/dev/null && break; sleep 0.1; done; ${unload}`;
    const outcome = await shell(
      'set -e',
      unloadInTime,
      'ipvsadm -Sn',
      unloadInTime,
      'mount -t tmpfs none /lib/modules',
      'trap "umount /lib/modules" EXIT',
      'set +e',
      'ipvsadm -Q 2>&1; echo $?',
      'ipvsadm -v; echo $?',
    );
    expect(outcome.stderr).toBe('');
    const lines = outcome.stdout.split('\n');
    expect(lines[0]).toMatch(
      /^modprobe: FATAL: Module ip_vs not found in directory \/lib\/modules\//,
    );
    expect(lines.slice(1)).toEqual(
      `${cannot('Protocol not available')}2\n${version}0\n`.split('\n'),
    );
  });
});
