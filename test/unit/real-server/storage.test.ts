import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StorageInput } from '../../../src/config/storage.ts';
import { storageSchema } from '../../../src/config/storage.ts';
import { realServerScript } from '../../../src/real-server/script/script.ts';
import {
  draftStorage,
  mountOf,
  type StorageContext,
} from '../../../src/real-server/storage/draft.ts';
import type { StorageFacts } from '../../../src/real-server/storage/facts.ts';
import {
  mountsAt,
  mountsBelow,
  parseMounts,
} from '../../../src/real-server/storage/mount-table.ts';
import { missingOptions } from '../../../src/real-server/storage/options.ts';
import { storageSettingId } from '../../../src/real-server/storage/setting.ts';
import { iscsiPath, parseIscsiPath } from '../../../src/real-server/storage/settings.ts';
import { mountUnitName, mountUnitText } from '../../../src/real-server/storage/units.ts';

const nfs: StorageInput = {
  type: 'nfs',
  server: 'nas.example',
  export: '/www',
  'mount-point': '/srv/www',
  version: '4.2',
  options: ['ro'],
};
const iscsi: StorageInput = {
  type: 'iscsi',
  portal: '[fd00::5]',
  target: 'iqn.2026-11.example:www',
  'file-system': 'xfs',
  'mount-point': '/srv/www',
  chap: { user: 'web', 'secret-file': '/etc/lvskit/chap' },
};
const nothing: StorageFacts = {
  here: [],
  place: 'absent',
  missing: [],
  fileSystem: undefined,
  record: undefined,
  secret: undefined,
};
const context = (facts: Partial<StorageFacts> = {}, rest: Partial<StorageContext> = {}) => ({
  facts: { ...nothing, ...facts },
  mounted: null,
  ownIds: new Set<string>(),
  persist: false,
  ...rest,
});
const other = parseMounts('30 22 0:41 / /srv/www rw - tmpfs other rw')[0];

describe('the plan for storage', () => {
  it('makes the folder, then mounts, the network in front', () => {
    const { wanted, problems } = draftStorage(nfs, context());
    expect(problems).toEqual([]);
    expect(wanted.map(({ setting }) => setting)).toEqual([
      { kind: 'folder', path: '/srv/www', value: 'present' },
      {
        kind: 'mount',
        point: '/srv/www',
        source: 'nas.example:/www',
        type: 'nfs',
        value: { options: ['ro', 'vers=4.2'] },
      },
    ]);
  });

  it('logs in before it mounts, and at every start when it is to persist', () => {
    const kinds = (persist: boolean) =>
      draftStorage(iscsi, context({}, { persist })).wanted.map(({ setting }) => [
        setting.kind,
        setting.kind === 'iscsi-node' ? setting.value : '',
      ]);
    expect(kinds(false)[0]).toEqual(['iscsi-node', 'manual']);
    expect(kinds(true)).toEqual([
      ['iscsi-node', 'automatic'],
      ['iscsi-session', ''],
      ['folder', ''],
      ['mount', ''],
    ]);
  });

  it('does not touch a local disk that it has only to look at', () => {
    const das: StorageInput = { type: 'das', device: 'LABEL=data', 'mount-point': '/data' };
    expect(draftStorage(das, context()).wanted).toEqual([]);
    expect(draftStorage(das, context()).notes[0]).toContain('LABEL=data is not on /data now');
  });

  it.each<[string, StorageContext, string]>([
    [
      'what is mounted there',
      context({ here: other === undefined ? [] : [other] }),
      'other (tmpfs) is mounted on /srv/www already',
    ],
    ['a place that will not do', context({ place: { problem: 'it is a file' } }), 'it is a file'],
    ['a missing program', context({ missing: ['there is no iscsiadm'] }), 'there is no iscsiadm'],
    [
      'a record without CHAP',
      context({ record: { user: undefined } }),
      'a record of iqn.2026-11.example:www already, without CHAP',
    ],
    ['a record of another user', context({ record: { user: 'me' } }), 'with the CHAP user me'],
    ['a secret that all can read', context({ secret: 'others can read it' }), 'others can read it'],
  ])('cannot be with %s', (_what, given, says) => {
    expect(draftStorage(iscsi, given).problems).toEqual([expect.stringContaining(says)]);
  });

  it('changes the options of its own mount, not of one that others made', () => {
    const mounted = { options: ['rw', 'vers=4.2'] };
    const foreign = draftStorage(nfs, context({ here: other ? [other] : [] }, { mounted }));
    expect(foreign.problems).toEqual([expect.stringContaining('mounted by others')]);
    const ownIds = new Set([storageSettingId(mountOf(nfs))]);
    expect(draftStorage(nfs, context({}, { mounted, ownIds })).problems).toEqual([]);
  });
});

describe('a script for machines without Node.js', () => {
  it('is refused for storage, which it has no part for', () => {
    const wanted = [{ settings: { mode: 'storage', storage: nfs } }] as const;
    expect(() => realServerScript(wanted)).toThrow(
      'no part for NFS storage nas.example:/www on /srv/www: keep storage in a file of its own',
    );
  });
});

describe('options of a mount', () => {
  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [['noatime'], ['rw', 'noatime'], []],
    [['noatime'], ['rw', 'relatime'], ['noatime']],
    [['vers=4'], ['rw', 'vers=4.2'], []],
    [['vers=4.1'], ['rw', 'vers=4.2'], ['vers=4.1']],
    [['nofail', '_netdev', 'rsize=8192', 'defaults'], ['rw', 'rsize=4096'], []],
    [[], ['rw', 'ro'], ['rw']],
    [['ro'], ['ro'], []],
  ])('%j of %j lack %j', (wanted, shown, missing) => {
    expect(missingOptions(wanted, shown)).toEqual(missing);
  });
});

describe('the table of mounts', () => {
  it('is read with the spaces that names have, and what lies below or above', () => {
    const mounts = parseMounts(
      [
        '22 1 0:20 / / rw - hostfs none rw',
        '30 22 0:41 / /srv/a\\040b rw,noatime master:1 - nfs4 nas:/x\\040y rw,vers=4.2',
        '31 30 8:1 / /srv/a\\040b/c rw - ext4 /dev/sda1 rw',
        '32 30 8:2 / /srv/a\\040b rw - ext4 /dev/sda2 rw',
      ].join('\n'),
    );
    expect(mounts[1]).toMatchObject({
      point: '/srv/a b',
      source: 'nas:/x y',
      options: ['rw', 'noatime', 'rw', 'vers=4.2'],
    });
    expect(mountsAt(mounts, '/srv/a b').map(({ id }) => id)).toEqual([30, 32]);
    expect(mountsBelow(mounts, '/srv/a b').map(({ id }) => id)).toEqual([31]);
  });
});

describe('the unit of a mount', () => {
  it('has the name that systemd demands', () => {
    const paths = fc.sample(
      fc
        .array(
          fc.stringMatching(/^[a-zA-Z0-9 ._:@-]{1,6}$/).filter((one) => !/^\.{1,2}$/.test(one)),
          { minLength: 1, maxLength: 3 },
        )
        .map((parts) => `/${parts.join('/')}`),
      { numRuns: 60, seed: 20_261_127 },
    );
    const words = ['--path', '--suffix=mount', '--', ...paths];
    const { stdout, error } = spawnSync('systemd-escape', words, { encoding: 'utf8' });
    if (error !== undefined) throw error;
    expect(paths.map(mountUnitName)).toEqual(stdout.trim().split(' '));
  });

  it('waits for a disk of the SAN by the name that udev gives it', () => {
    const path = iscsiPath('[fd00::5]:3260', 'iqn.2026-11.example:www', 2);
    expect(path).toBe('/dev/disk/by-path/ip-fd00::5:3260-iscsi-iqn.2026-11.example:www-lun-2');
    expect(parseIscsiPath(path)).toEqual({
      host: 'fd00::5',
      port: 3260,
      target: 'iqn.2026-11.example:www',
      lun: 2,
    });
    const unit = mountUnitText(iscsi, '# ours', ['nginx.service']);
    expect(unit).toContain('What=/dev/disk/by-path/ip-fd00::5:3260-iscsi-');
    expect(unit).not.toContain('chap');
  });

  it('takes nothing of a path for a word of systemd', () => {
    const unit = mountUnitText({ ...nfs, export: '/100%i' }, '# ours', []);
    expect(unit).toContain('What=nas.example:/100%%i\n');
  });
});

describe('an entry of storage:', () => {
  it.each([
    ['mount-point', 'srv'],
    ['mount-point', '/srv/../etc'],
    ['mount-point', '/'],
    ['mount-point', '/proc/1'],
    ['mount-point', '/srv//www'],
    ['mount-point', '/srv/\nwww'],
    ['server', '-o'],
    ['server', 'a b'],
    ['export', 'www'],
    ['type', 'ntfs'],
    ['servers', []],
    ['servers', ['web1']],
    ['options', ['remount']],
    ['mount-point', '/etc'],
    ['version', '5'],
    ['options', ['ro,suid']],
    ['options', ['-x']],
    ['options', ['bind']],
    ['options', ['vers=3']],
    ['options', ['ro', 'rw']],
    ['options', ['x-systemd.automount']],
  ])('is refused with %s %j', (key, value) => {
    expect(storageSchema.safeParse({ ...nfs, [key]: value }).success).toBe(false);
    expect(storageSchema.safeParse(nfs).success).toBe(true);
  });

  it.each([
    ['portal', 'san.example'],
    ['target', '--help'],
  ])('is refused with %s %j', (key, value) => {
    expect(storageSchema.safeParse({ ...iscsi, [key]: value }).success).toBe(false);
    expect(storageSchema.safeParse(iscsi).success).toBe(true);
  });

  it.each([
    ['/dev/../etc/passwd', false],
    ['sda1', false],
    ['UUID=../x', false],
    ['UUID=1234-ABCD', true],
    ['/dev/mapper/vg-www', true],
  ])('takes the device %s: %s', (device, ok) => {
    const das = { type: 'das', 'mount-point': '/data', device };
    expect(storageSchema.safeParse(das).success).toBe(ok);
  });
});
