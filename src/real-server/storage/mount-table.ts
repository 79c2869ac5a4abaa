/** One line of /proc/self/mountinfo. */
export interface MountLine {
  readonly id: number;
  /** `major:minor` of the device; of a kind of its own for what has none. */
  readonly device: string;
  readonly point: string;
  readonly type: string;
  readonly source: string;
  /** Of the mount, then of its file system, which can be mounted in several places. */
  readonly options: readonly string[];
}

/** Reads /proc/self/mountinfo; see proc_pid_mountinfo(5). */
export function parseMounts(text: string): readonly MountLine[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    if (before === undefined || after === undefined) return [];
    const [id, , device = '', , point = '', options = ''] = before.split(' ');
    const [type = '', source = '', more = ''] = after.split(' ');
    return [
      {
        id: Number(id),
        device,
        point: unescaped(point),
        type,
        source: unescaped(source),
        options: [...options.split(','), ...more.split(',')].filter((one) => one !== ''),
      },
    ];
  });
}

/** Spaces and the like are written as octal numbers there. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return bytes;
}

/** What is mounted at exactly this place, the one that is seen last. */
export function mountsAt(mounts: readonly MountLine[], point: string): readonly MountLine[] {
  return mounts.filter((mount) => mount.point === point);
}

/** Places below a mount point at which something is mounted too. */
export function mountsBelow(mounts: readonly MountLine[], point: string): readonly MountLine[] {
  return mounts.filter((mount) => mount.point.startsWith(`${point}/`));
}
