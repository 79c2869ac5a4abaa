import { createHash } from 'node:crypto';
import { dummyName } from '../hold-vips.ts';
import { replyTable, rulePriority } from '../masquerade.ts';
import { RealServerError } from '../real-server-error.ts';
import { advice, reasons } from '../reasons.ts';
import { fallbackModules } from '../setting-text.ts';
import {
  checkSettings,
  familyOf,
  modeNames,
  type RealServerSettings,
  setupName,
} from '../settings.ts';
import type { WantedSetup } from '../setups-file.ts';
import { storageTitle } from '../storage/settings.ts';
import { commandsPart } from './commands-part.ts';
import { kernelPart, listsPart } from './kernel-part.ts';
import { directPart, masqueradePart, quietPart, tunnelPart, vipPart } from './mode-parts.ts';
import { addressPart, findPart } from './network-part.ts';
import { planLines } from './plan-part.ts';
import { recordPart } from './record-part.ts';
import { quoted, sh } from './shell.ts';

export interface ScriptOptions {
  /** What the record of the script is called; another script of that name replaces what it set up. */
  readonly name?: string | undefined;
}

/**
 * A POSIX shell script that makes the machine it runs on a real server, proves and undoes it, as
 * `rs-setup` does. Pure. Without settings, one that knows what other scripts have set up.
 *
 * @throws RealServerError `REAL_SERVER_INVALID`
 */
export function realServerScript(
  wanted: readonly WantedSetup[],
  { name }: ScriptOptions = {},
): string {
  const setups = wanted.map(({ settings }) => {
    if (settings.mode !== 'storage') return checkSettings(settings);
    throw new RealServerError('REAL_SERVER_INVALID', 'cannot make a script', [
      `a script has no part for ${storageTitle(settings.storage)}: keep storage in a file of its own`,
    ]);
  });
  const what = setups
    .map(({ mode, vips }) => `${modeNames[mode]} for ${vips.join(', ')}`)
    .join('; ');
  const setup = recordName(
    name ?? setups.map((settings, index) => wanted[index]?.name ?? setupName(settings)).join('+'),
  );
  return [
    head(what),
    settingsPart(setups, setup, what),
    listsPart,
    kernelPart,
    addressPart,
    findPart,
    vipPart,
    ...modeParts(setups),
    recordPart,
    commandsPart,
    planPart(setups),
    tail,
  ].join('\n');
}

/** Names of scripts are names of files. */
function recordName(name: string): string {
  if (name === '') return '';
  if (!/^[\w:@%,=][\w.:@%,=+-]*$/.test(name)) {
    throw new RealServerError('REAL_SERVER_INVALID', 'these settings cannot be right', [
      `a script cannot be called ${name}: letters, digits and .:@%,=+-_ are possible`,
    ]);
  }
  if (name.length <= 100) return name;
  return `${name.slice(0, 80)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

function head(what: string): string {
  const purpose =
    what === ''
      ? '# Says what scripts of rs-setup have set up on this machine, and undoes it.'
      : `# Makes this machine a real server of Linux Virtual Server: ${what}.`;
  return `#!/bin/sh
${purpose}
# Made by rs-setup, for machines without Node.js: it needs a POSIX shell, ip and flock, and root.
#
#   sh rs.sh apply [--dry-run]   make it one, or show what would be done; again, it has nothing to do
#   sh rs.sh verify              say whether it is one as it should be
#   sh rs.sh status              say what was changed, and what it was before
#   sh rs.sh undo [--dry-run]    make everything as it was before
#
# What was there before is kept below /var/lib/lvskit/real-server-script; LVSKIT_ROOT is a folder to
# have /var in. Exit status: 0 done, or nothing to do; 1 something failed and was taken back; 2 wrong
# usage, or settings that cannot be on this machine; 3 verify: not as it should be; 77 not permitted.
`;
}

const preparation = sh`
# Functions and variables are used by names that are put together, words are split on purpose, and
# what is in single quotes is meant so.
# shellcheck disable=SC2016,SC2034,SC2086,SC2317

# u: a variable without a value is an error; f: names of links are no patterns.
set -uf
unset CDPATH
LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH
umask 022
tab=$(printf '\t')
newline='
'
usual_ifs=" $tab$newline"
IFS=$usual_ifs

say() { printf '%s\n' "$*"; }
complain() { printf 'rs-setup: %s\n' "$*" >&2; }

# die STATUS WORDS
die() {
  status=$1
  shift
  complain "$*"
  exit "$status"
}
`;

function settingsPart(setups: readonly RealServerSettings[], setup: string, what: string): string {
  const values: Readonly<Record<string, string | number>> = {
    setup,
    what,
    needs_iproute2: setups.some(isBeyondBusybox) ? 'yes' : 'no',
    quiet_vips: setups.flatMap(ipv4Vips).join(' '),
    quiet_links: setups.flatMap(onlyLinks).join(' '),
    dummy: dummyName,
    reply_table: replyTable,
    rule_priority: rulePriority,
    why_host_route: reasons.hostRoute,
    why_no_filter: reasons.noFilter,
    why_no_filter_of_all: reasons.noFilterOfAll,
    why_no_redirects: reasons.noRedirects,
    why_no_redirects_of_link: reasons.noRedirectsOfLink,
    why_leads_back: reasons.leadsBack,
    why_stays_near: reasons.staysNear,
    advice_port_route: advice.portRoute,
  };
  const modules = Object.entries(fallbackModules).map(
    ([link, module]) => `    ${link}) module=${module} ;;`,
  );
  return [
    preparation,
    ...Object.entries(values).map(([name, value]) => `${name}=${quoted(String(value))}`),
    '',
    '# module_of LINK: module: the one that the link comes with.',
    'module_of() {',
    '  module=',
    '  case $1 in',
    ...modules,
    '  esac',
    '}',
    '',
  ].join('\n');
}

/** The `ip` of busybox knows no tunnels in UDP, few rules, and no address without DAD. */
function isBeyondBusybox({ mode, vips }: RealServerSettings): boolean {
  return mode !== 'dr' || vips.some((vip) => familyOf(vip) === 'ipv6');
}

/** VIPs that ARP must not tell of. */
function ipv4Vips({ mode, vips }: RealServerSettings): readonly string[] {
  return mode === 'nat' ? [] : vips.filter((vip) => familyOf(vip) === 'ipv4');
}

function onlyLinks({ onlyInterfaces = false, interfaces = [] }: RealServerSettings) {
  return onlyInterfaces ? interfaces : [];
}

/** What the modes of the setups need, and no more. */
function modeParts(setups: readonly RealServerSettings[]): readonly string[] {
  const modes = new Set(setups.map(({ mode }) => mode));
  return [
    ...(modes.has('dr') || modes.has('tun') ? [quietPart] : []),
    ...(modes.has('dr') ? [directPart] : []),
    ...(modes.has('tun') ? [tunnelPart] : []),
    ...(modes.has('nat') ? [masqueradePart] : []),
  ];
}

function planPart(setups: readonly RealServerSettings[]): string {
  const lines = setups.flatMap((settings) => ['', ...planLines(settings)]);
  return [
    '# ---- The plan ----------------------------------------------------------------------------------',
    '# What has to be so, in the order in which it has to be done; undone in the opposite one.',
    'plan() {',
    "  labels=' '",
    ...lines.map((line) => (line === '' ? '' : `  ${line}`)),
    '}',
    '',
  ].join('\n');
}

/** The last line, so that a script that came only in part does nothing. */
const tail = `main "$@"
exit
`;
