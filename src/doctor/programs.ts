import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Link } from '../net/link.ts';
import type { ProgramFacts } from './facts.ts';

/** Programs that change the table, or settings that it depends on. */
const programs: readonly { readonly name: string; readonly unit: string }[] = [
  { name: 'keepalived', unit: 'keepalived' },
  { name: 'ldirectord', unit: 'ldirectord' },
  { name: 'ipvsadm', unit: 'ipvsadm' },
  { name: 'firewalld', unit: 'firewalld' },
  { name: 'kube-proxy', unit: 'kube-proxy' },
];

/** Finds them by /proc, and what starts them by the units of systemd below `root`. */
export async function findPrograms(
  root: string,
  links: readonly Link[],
): Promise<readonly ProgramFacts[]> {
  const running = await runningPrograms();
  const wanted = await wantedUnits(join(root, 'etc/systemd/system'));
  const found: ProgramFacts[] = [];
  for (const { name, unit } of programs) {
    const enabledBy =
      wanted.get(`${unit}.service`) ??
      (name === 'ipvsadm' ? await debianRules(join(root, 'etc/default/ipvsadm')) : undefined);
    // Only with IPVS does it have that link; with iptables it leaves the table alone.
    const isRunning =
      name === 'kube-proxy'
        ? links.some((link) => link.name === 'kube-ipvs0')
        : name !== 'ipvsadm' && running.has(name);
    const isAboutIpvs = name !== 'kube-proxy' || isRunning;
    if (!isAboutIpvs || (!isRunning && enabledBy === undefined)) continue;
    found.push({ name, running: isRunning, ...(enabledBy === undefined ? {} : { enabledBy }) });
  }
  return found;
}

async function runningPrograms(): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    try {
      names.add((await readFile(`/proc/${id}/comm`, 'utf8')).trim());
      // What an interpreter runs is in its words, not in its name.
      const words = (await readFile(`/proc/${id}/cmdline`, 'utf8')).split('\0').slice(0, 4);
      if (words.some((word) => /(^|\/)ldirectord$/.test(word))) names.add('ldirectord');
    } catch {
      // It has ended meanwhile.
    }
  }
  return names;
}

/** Units that start with the machine, each with the link that says so. */
async function wantedUnits(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of await namesIn(folder)) {
    if (!/\.(wants|requires)$/.test(name)) continue;
    for (const unit of await namesIn(join(folder, name))) {
      found.set(unit, join(folder, name, unit));
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

/** Debian's ipvsadm has no unit of its own; this file says whether it loads rules. */
async function debianRules(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^\s*AUTO\s*=\s*["']?true["']?\s*$/m.test(text) ? file : undefined;
}
