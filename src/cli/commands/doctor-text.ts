import type { Examination } from '../../doctor/doctor.ts';
import type { ServerFacts } from '../../doctor/facts.ts';
import { type Area, areas, type Finding } from '../../doctor/finding.ts';
import { outcomeWords } from '../../doctor/judge-servers.ts';
import { nameOfHolder } from '../../doctor/judge-vips.ts';
import { formatDestinationKey } from '../../ipvs/destination.ts';
import { fill } from '../output/paragraph.ts';
import type { Style } from '../output/style.ts';

const titles: Readonly<Record<Area, string>> = {
  addresses: 'Virtual addresses',
  servers: 'Real servers',
  director: 'The director itself',
  table: 'Services',
  load: 'Load',
  programs: 'Other programs',
};

/** An examination for people: what was seen, and under it what is wrong with it. */
export function doctorText(examination: Examination, style: Style): string {
  const { findings, hints } = examination;
  const seen: Partial<Record<Area, readonly string[]>> = {
    addresses: vipLines(examination),
    servers: serverLines(examination.servers, style),
  };
  const lines = areas.flatMap((area) => {
    const told = [...findings, ...hints].filter((finding) => finding.area === area);
    const above = seen[area] ?? [];
    if (told.length === 0 && above.length === 0) return [];
    return [
      style.bold(titles[area]),
      ...above.map((line) => `  ${line}`),
      ...told.flatMap((finding) => findingLines(finding, style)),
      '',
    ];
  });
  return `${[...lines, summary(examination, style)].join('\n')}\n`;
}

function vipLines({ vips, answers }: Examination): readonly string[] {
  return vips.map(({ vip, here, addresses }) => {
    const links = addresses.map(({ link }) => link);
    const where = links.length > 0 ? `here, on ${links.join(', ')}` : here ? 'here' : 'not here';
    const asked = answers.filter((answer) => answer.vip === vip);
    const others = asked.flatMap(({ link, others: own }) =>
      own.map((holder) => `${nameOfHolder(holder)} on ${link}`),
    );
    if (others.length > 0) return `${vip}  ${where}; answered by ${others.join(', ')}`;
    const networks = [...new Set(asked.map(({ link }) => link))].join(', ');
    return `${vip}  ${where}${networks === '' ? '' : `; nobody else answers on ${networks}`}`;
  });
}

function serverLines(servers: readonly ServerFacts[], style: Style): readonly string[] {
  const lines: string[] = [];
  let heading: string | undefined;
  for (const { service, server, trial, untried } of servers) {
    if (service.text !== heading) lines.push(service.text);
    heading = service.text;
    const name = `  ${formatDestinationKey(server.key)}  ${server.forwarding}`;
    if (trial !== undefined) {
      const isRight = trial.path === 'connected';
      const text = `${name}  through the director ${outcomeWords(trial.path)}, directly ${outcomeWords(trial.direct)}`;
      lines.push(isRight ? text : style.yellow(text));
    } else {
      lines.push(`${name}  not tried${untried === undefined ? '' : `: ${untried}`}`);
    }
  }
  return lines;
}

function findingLines(one: Finding, style: Style): readonly string[] {
  const { id, severity, about, found, meaning, mend } = one;
  const paints = { error: style.red, warning: style.yellow, hint: style.cyan };
  const head = about === undefined || found.includes(about) ? found : `${about}: ${found}`;
  return [
    paints[severity](`  ${severity} ${id}: ${head}`),
    ...fill(meaning, 88)
      .split('\n')
      .map((line) => `      ${line}`),
    ...(mend === undefined ? [] : [`      mend: ${mend}`]),
  ];
}

function summary({ findings, hints, vips, servers }: Examination, style: Style): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const looked = `${count(vips.length, 'virtual address', 'virtual addresses')}, ${count(servers.length, 'server')}`;
  const more = hints.length > 0 ? `, ${count(hints.length, 'hint')}` : '';
  if (findings.length === 0) return style.green(`${looked}: all is as it should be${more}`);
  const paint = errors > 0 ? style.red : style.yellow;
  return paint(`${looked}: ${count(errors, 'error')}, ${count(warnings, 'warning')}${more}`);
}

function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}
