import type { ProgramFacts } from './facts.ts';
import { type Finding, finding, type Severity } from './finding.ts';

const conduct: Readonly<Record<string, { readonly severity: Severity; readonly does: string }>> = {
  keepalived: { severity: 'warning', does: 'changes the table where its file has virtual servers' },
  ldirectord: { severity: 'warning', does: 'changes the table' },
  'kube-proxy': { severity: 'warning', does: 'removes services that are not its own' },
  ipvsadm: { severity: 'warning', does: 'puts its saved rules in place of the table at start' },
  firewalld: {
    severity: 'hint',
    does: 'drops what it has no rule for, and sets rp_filter and conntrack anew',
  },
};

/** Programs that are at work on the same table, or will be after the next start. */
export function judgePrograms(programs: readonly ProgramFacts[]): readonly Finding[] {
  return programs.map(({ name, running, enabledBy }) => {
    const { severity = 'warning', does = 'changes the table' } = conduct[name] ?? {};
    const starts = enabledBy === undefined ? '' : `starts with the machine (${enabledBy})`;
    const states = [running ? 'is running' : '', starts].filter((state) => state !== '');
    const found = `${name} ${states.join(' and ')}; it ${does}`;
    const mend = enabledBy?.endsWith('/default/ipvsadm')
      ? `set AUTO=false in ${enabledBy}`
      : `systemctl disable --now ${name}.service`;
    const isPod = name === 'kube-proxy' && enabledBy === undefined;
    return finding('other-program', found, isPod ? { severity } : { severity, mend });
  });
}
