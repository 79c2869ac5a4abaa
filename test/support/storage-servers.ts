import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { loadModule } from '../../src/net/modules.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { demandProgram } from './small-process.ts';

/** The network between this machine and the one that has the storage. */
export const ownAddress = '10.82.7.1';
export const nas = '10.82.7.2';
export const target = 'iqn.2026-11.example:www';
export const chapTarget = 'iqn.2026-11.example:locked';

/** Joins a machine with storage, as a namespace: `end` is its end of the cable, `near` ours. */
export async function joinStorageMachine(name: string): Promise<NetworkNamespace> {
  const namespace = await NetworkNamespace.create(name);
  await ip('link', 'add', 'san0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('address', 'add', `${ownAddress}/24`, 'dev', 'san0');
  await ip('link', 'set', 'san0', 'up');
  await ip('-n', name, 'address', 'add', `${nas}/24`, 'dev', 'eth0');
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  return namespace;
}

export async function ip(...words: readonly string[]): Promise<void> {
  await demandProgram(['ip', ...words]);
}

/** Exports of the NFS server by their path, and whether they can be written. */
interface Export {
  readonly path: string;
  readonly id: number;
  readonly readOnly?: true;
}

/**
 * Starts the kernel's own NFS server (version 4) in a namespace. What mountd would tell it is told it
 * here, by way of the same files: the package with mountd starts a server of its own when installed.
 *
 * @param folder Where its file system is mounted for as long as it is to run.
 */
export async function startNfsServer(
  namespace: string,
  folder: string,
  exports: readonly Export[],
): Promise<void> {
  await loadModule('nfsd');
  await mkdir(folder, { recursive: true });
  const never = 2147483647;
  const lines = [
    `mount -t nfsd nfsd ${folder}`,
    `echo "-2 -3 +4 +4.1 +4.2" >${folder}/versions`,
    `echo "nfsd ${ownAddress} ${never} *" >/proc/net/rpc/auth.unix.ip/channel`,
    ...exports.flatMap(({ path, id, readOnly }) => {
      // insecure_port, no_subtree_check, fsid; see include/uapi/linux/nfsd/export.h
      const flags = 0x2 | 0x400 | 0x2000 | (readOnly ? 0x1 : 0);
      const number = id.toString(16).padStart(2, '0');
      return [
        `echo "* ${path} ${never} ${flags} 65534 65534 ${id}" >/proc/net/rpc/nfsd.export/channel`,
        `echo '* 1 \\x${number}000000 ${never} ${path}' >/proc/net/rpc/nfsd.fh/channel`,
      ];
    }),
    // For so long files cannot be opened, lest somebody has claims from before: the least there is.
    `echo 10 >${folder}/nfsv4gracetime`,
    // Newer kernels start no thread before there is something to listen on.
    `echo tcp 2049 >${folder}/portlist`,
    `echo 2 >${folder}/threads`,
  ];
  const inside = `--net=/run/netns/${namespace}`;
  await demandProgram(['nsenter', inside, 'bash', '-e', '-c', lines.join('\n')]);
}

/** A disk of the SAN. */
interface Lun {
  readonly target: string;
  /** The file that it is. */
  readonly image: string;
  readonly bytes: number;
  readonly chap?: { readonly user: string; readonly secret: string };
}

const core = '/sys/kernel/config/target';

/** Has the kernel's own iSCSI target offer files as disks, in the namespace of this process. */
export async function startIscsiTarget(address: string, luns: readonly Lun[]): Promise<void> {
  // Elsewhere udev loads the module of disks.
  for (const module of ['iscsi_target_mod', 'target_core_file', 'iscsi_tcp', 'sd_mod']) {
    await loadModule(module);
  }
  await demandProgram(['mount', '-t', 'configfs', 'configfs', '/sys/kernel/config']);
  for (const [index, { target: name, image, bytes, chap }] of luns.entries()) {
    const disk = join(core, 'core', `fileio_${index}`, 'disk');
    await mkdir(disk, { recursive: true });
    await writeFile(join(disk, 'control'), `fd_dev_name=${image},fd_dev_size=${bytes}`);
    await writeFile(join(disk, 'enable'), '1');
    const group = join(core, 'iscsi', name, 'tpgt_1');
    await mkdir(join(group, 'lun', 'lun_0'), { recursive: true });
    await symlink(disk, join(group, 'lun', 'lun_0', 'disk'));
    await mkdir(join(group, 'np', `${address}:3260`));
    const attributes = { generate_node_acls: 1, demo_mode_write_protect: 0, authentication: 0 };
    for (const [attribute, value] of Object.entries(attributes)) {
      await writeFile(join(group, 'attrib', attribute), String(value));
    }
    if (chap !== undefined) {
      await writeFile(join(group, 'attrib', 'authentication'), '1');
      await writeFile(join(group, 'auth', 'userid'), chap.user);
      await writeFile(join(group, 'auth', 'password'), chap.secret);
    }
    await writeFile(join(group, 'enable'), '1');
  }
}

/** Starts the initiator with files of its own in place of the machine's. @returns How to end it. */
export async function startInitiator(): Promise<() => Promise<void>> {
  await demandProgram(['mount', '-t', 'tmpfs', 'tmpfs', '/etc/iscsi']);
  await writeFile('/etc/iscsi/initiatorname.iscsi', 'InitiatorName=iqn.2026-11.example:me\n');
  await writeFile('/etc/iscsi/iscsid.conf', 'node.startup = manual\n');
  await mkdir('/run/lock/iscsi', { recursive: true });
  const daemon = execa('iscsid', ['-f'], { reject: false, stdio: 'ignore' });
  return async () => {
    daemon.kill('SIGKILL');
    await daemon;
    await demandProgram(['umount', '/etc/iscsi']);
  };
}
