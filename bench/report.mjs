// Turns the measurements of bench/run.sh into tables of medians and ratios.
//
//   node bench/report.mjs --kind counted|wall --system TEXT [--json FILE] RESULTS
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kind: { type: 'string', default: 'wall' },
    system: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

const measurements = readFileSync(positionals[0] ?? fail('no file of results given'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line));
const bad = measurements.find(({ status }) => status !== undefined && status !== 0);
if (bad) fail(`${bad.contestant} ended with status ${bad.status} at: ${JSON.stringify(bad)}`);
if (!measurements.some(({ work }) => work === 'done')) fail('the bench did not come to its end');

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const pick = (contestant, work, services) =>
  measurements.filter(
    (m) => m.contestant === contestant && m.work === work && Number(m.services) === services,
  );
const middle = (list, value) => (list.length === 0 ? Number.NaN : median(list.map(value)));
const wall = (list) => middle(list, (m) => m.wallMs);

const starts = pick('node', 'start', 0);
const start = wall(starts);
const startPeak = middle(starts, (m) => m.peakKb);
const sizes = [...new Set(measurements.map((m) => Number(m.services)).filter((n) => n > 0))];
const destinations = Number(measurements.find((m) => Number(m.services) > 0)?.destinations);

const rows = [];
for (const services of sizes.toSorted((a, b) => a - b)) {
  for (const work of ['load', 'list', 'edit', 'clear']) {
    const ours = pick('lvskit', work, services);
    const row = {
      work,
      services,
      destinations,
      turns: ours.length,
      lvskitMs: wall(ours),
      startedMs: wall(ours) - start,
      insideMs: middle(ours, (m) => m.inside.insideMs),
      importMs: middle(ours, (m) => m.inside.importMs),
      ipvsadmMs: wall(pick('ipvsadm', work, services)),
      floorMs: wall(pick('floor', work, services)),
      memoryMb: (middle(ours, (m) => m.peakKb) - startPeak) / 1024,
    };
    row.againstIpvsadm = row.lvskitMs / row.ipvsadmMs;
    row.againstFloor = row.startedMs / row.floorMs;
    rows.push(row);
  }
}

const targets = [];
const at = (work, services) => rows.find((r) => r.work === work && r.services === services);
function target(name, value, limit) {
  if (value !== undefined && !Number.isNaN(value)) {
    targets.push({ name, value, limit, met: value <= limit });
  }
}
const small = (work) => at(work, 1000);
const large = (work) => at(work, 10_000);
target('load 1,000, against ipvsadm -R', small('load')?.againstIpvsadm, 0.35);
target('load 1,000, against the floor, without start-up', small('load')?.againstFloor, 1.3);
target('list 1,000, against ipvsadm -Ln --stats', small('list')?.againstIpvsadm, 1);
target('list 10,000, against ipvsadm -Ln --stats', large('list')?.againstIpvsadm, 0.5);
if (small('load') && large('load')) {
  for (const work of ['load', 'list', 'edit']) {
    const growth = large(work).startedMs / small(work).startedMs;
    const floor = large(work).floorMs / small(work).floorMs;
    target(`${work}, growth from 1,000 to 10,000 over the floor's own`, growth / floor, 1);
  }
  for (const work of ['load', 'list', 'edit', 'clear']) {
    target(`${work} 10,000, memory above Node's own, MB`, large(work).memoryMb, 60);
  }
}

const fixed = (value, digits) => (Number.isNaN(value) ? '-' : value.toFixed(digits));
function table(heads, lines) {
  const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((l) => l[i].length)));
  const print = (cells) =>
    console.log(
      cells
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    );
  print(heads);
  print(widths.map((width) => '-'.repeat(width)));
  for (const line of lines) print(line);
  console.log('');
}

const unit = options.kind === 'counted' ? 'ms counted' : 'ms';
console.log(`${options.system}, Node ${process.version}; medians, ${unit}\n`);
console.log(
  `node -e 0: ${fixed(start, 1)} ${unit}, ${fixed(startPeak / 1024, 1)} MB (${starts.length} turns)\n`,
);
table(
  [
    'work',
    'services x destinations',
    'turns',
    'lvskit',
    'without start-up',
    'ipvsadm',
    'floor',
    '/ipvsadm',
    '/floor',
    'memory MB',
  ],
  rows.map((r) => [
    r.work,
    `${r.services} x ${r.destinations}`,
    String(r.turns),
    fixed(r.lvskitMs, 1),
    fixed(r.startedMs, 1),
    fixed(r.ipvsadmMs, 1),
    fixed(r.floorMs, 1),
    fixed(r.againstIpvsadm, 3),
    fixed(r.againstFloor, 2),
    fixed(r.memoryMb, 1),
  ]),
);
console.log(
  '/ipvsadm: the whole process, start-up included. /floor and memory: above node -e 0.\n',
);
if (targets.length > 0) {
  table(
    ['target', 'measured', 'at most', 'met'],
    targets.map((t) => [t.name, fixed(t.value, 2), String(t.limit), t.met ? 'yes' : 'no']),
  );
}
if (options.json !== undefined) {
  const { kind, system } = options;
  const report = {
    kind,
    system,
    node: process.version,
    startMs: start,
    rows,
    targets,
    measurements,
  };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
