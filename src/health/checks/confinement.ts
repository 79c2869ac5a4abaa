import { distrust } from './trusted-path.ts';

/** The programs of util-linux that take rights and resources away from what they then become. */
const setpriv = '/usr/bin/setpriv';
const prlimit = '/usr/bin/prlimit';

/** What a check may use at most. */
const limits = [
  // Seconds of CPU time; bytes of memory of its own, of a file; open files; no core dumps.
  '--cpu=10',
  `--data=${1 << 30}`,
  `--fsize=${1 << 20}`,
  '--nofile=256',
  '--core=0',
];

const nobody = 65_534;
let wrappers: Promise<string | undefined> | undefined;

/**
 * The words that run a program without a capability, without a way to get one, and with limits: by
 * `setpriv` and `prlimit`, which become the program, so that it has the process to itself.
 *
 * Under root it runs as nobody: root without capabilities still owns half of the files of a system.
 */
export function confined(
  command: readonly [string, ...string[]],
  isRoot: boolean = process.geteuid?.() === 0,
): [string, ...string[]] {
  const identity = isRoot
    ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--bounding-set=-all']
    : [];
  return [
    setpriv,
    ...identity,
    '--ambient-caps=-all',
    '--inh-caps=-all',
    '--no-new-privs',
    prlimit,
    ...limits,
    '--',
    ...command,
  ];
}

/** Why programs cannot be confined on this machine; undefined when they can. Looked up once. */
export async function cannotConfine(): Promise<string | undefined> {
  wrappers ??= Promise.all([setpriv, prlimit].map((path) => distrust(path))).then(
    ([one, other]) => one ?? other,
  );
  const reason = await wrappers;
  return reason && `exec needs setpriv and prlimit (util-linux): ${reason}`;
}
