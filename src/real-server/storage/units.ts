import type { StorageInput } from '../../config/storage.ts';
import { mountOf } from './draft.ts';
import { storageTitle } from './settings.ts';

/** The name of the unit for a mount point, as systemd-escape --path makes it. */
export function mountUnitName(point: string): string {
  const bytes = Buffer.from(point.replace(/^\/+/, ''), 'utf8');
  const name = [...bytes].map((byte, index) => {
    const letter = String.fromCharCode(byte);
    if (letter === '/') return '-';
    const plain = /[A-Za-z0-9:_]/.test(letter) || (letter === '.' && index > 0);
    return plain ? letter : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `${name.join('')}.mount`;
}

/** Whether storage needs a unit: a disk that others mount has one of theirs. */
export function hasUnit(storage: StorageInput): boolean {
  return storage.type !== 'das' || storage.mount === true;
}

/** What has the unit started. Wanted, not required: a dead server does not keep the machine down. */
export function mountUnitTarget({ type }: StorageInput): 'remote-fs.target' | 'local-fs.target' {
  return type === 'das' ? 'local-fs.target' : 'remote-fs.target';
}

/** @param services What must not start before. */
export function mountUnitText(
  storage: StorageInput,
  marker: string,
  services: readonly string[],
): string {
  const { point, source, type, value } = mountOf(storage);
  const remote = storage.type !== 'das';
  const iscsi = storage.type === 'iscsi' ? ' iscsid.service open-iscsi.service' : '';
  const options = [...(value?.options ?? []), ...(remote ? ['_netdev'] : [])].join(',');
  const what = /^(UUID|LABEL)=/.test(source)
    ? `/dev/disk/by-${source.slice(0, source.indexOf('=')).toLowerCase()}/${source.slice(source.indexOf('=') + 1)}`
    : source;
  const lines = [
    marker,
    '[Unit]',
    `Description=${plain(storageTitle(storage))}`,
    ...(remote
      ? [
          `Wants=network-online.target${iscsi}`,
          `After=network-online.target remote-fs-pre.target${iscsi}`,
        ]
      : []),
    `Before=${services.join(' ')}`,
    '',
    '[Mount]',
    `What=${plain(what)}`,
    `Where=${plain(point)}`,
    ...(type === 'auto' ? [] : [`Type=${type}`]),
    ...(options === '' ? [] : [`Options=${plain(options)}`]),
    'TimeoutSec=90',
    '',
    '[Install]',
    `WantedBy=${mountUnitTarget(storage)}`,
    '',
  ];
  return lines.join('\n');
}

/** As systemd reads it without taking part of it for something of its own. */
function plain(text: string): string {
  return text.replaceAll('%', '%%');
}
