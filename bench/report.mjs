// Turns the measurements of bench/run.sh into tables of medians and ratios.
//
//   node bench/report.mjs --kind counted|wall [--markdown] [--json FILE] RESULTS
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kind: { type: 'string', default: 'wall' },
    json: { type: 'string' },
    markdown: { type: 'boolean', default: false },
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

const ofKind = (work) => measurements.filter((m) => m.work === work);
const [{ release }] = ofKind('kernel');
const starts = ofKind('start');
const start = wall(starts);
const startPeak = middle(starts, (m) => m.peakKb);
const moduleStart = wall(ofKind('start-module'));
const dropInStart = wall(ofKind('start-drop-in'));
const sizes = [...new Set(ofKind('load').map((m) => Number(m.services)))];
const destinations = Number(ofKind('load')[0]?.destinations);

const rows = [];
for (const services of sizes.toSorted((a, b) => a - b)) {
  for (const work of ['load', 'list', 'edit', 'weigh', 'clear']) {
    // Only the library can change a weight alone; the others' nearest is to edit everything.
    const peersWork = work === 'weigh' ? 'edit' : work;
    const ours = pick('lvskit', work, services);
    const floor = pick('floor', peersWork, services);
    const row = {
      work,
      services,
      destinations,
      turns: Math.max(ours.length, floor.length),
      lvskitMs: wall(ours),
      startedMs: wall(ours) - start,
      workMs: middle(ours, (m) => m.inside.workMs),
      ipvsadmMs: wall(pick('ipvsadm', peersWork, services)),
      floorMs: wall(floor),
      memoryMb: (middle(ours, (m) => m.peakKb) - startPeak) / 1024,
    };
    const dropIn = pick('drop-in', work, services);
    row.dropInMs = wall(dropIn);
    row.dropInMemoryMb = (middle(dropIn, (m) => m.peakKb) - startPeak) / 1024;
    row.dropInAgainstIpvsadm = row.dropInMs / row.ipvsadmMs;
    row.againstIpvsadm = row.lvskitMs / row.ipvsadmMs;
    row.againstFloor = row.startedMs / row.floorMs;
    row.workAgainstFloor = row.workMs / row.floorMs;
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
target('load 1,000 services, over ipvsadm -R', small('load')?.againstIpvsadm, 0.35);
target('load 1,000 services, over the floor, without start-up', small('load')?.againstFloor, 1.3);
target('list 1,000 services, over ipvsadm -Ln --stats', small('list')?.againstIpvsadm, 1);
target('list 10,000 services, over ipvsadm -Ln --stats', large('list')?.againstIpvsadm, 0.5);
if (small('load') && large('load')) {
  for (const work of ['load', 'list', 'edit']) {
    const growth = large(work).workMs / small(work).workMs;
    const floor = large(work).floorMs / small(work).floorMs;
    target(`${work}, growth from 1,000 to 10,000 services, over the floor's`, growth / floor, 1);
  }
}
for (const work of ['load', 'list', 'edit', 'weigh', 'clear']) {
  target(`${work} 10,000 services, MB above Node's own`, large(work)?.memoryMb, 60);
}

target('drop-in -Ln of a small table, over node -e 0', dropInStart / start, 1.25);
target('drop-in -R of 10,000 services, over ipvsadm', large('load')?.dropInAgainstIpvsadm, 0.2);
target('drop-in -Ln --stats, 10,000, over ipvsadm', large('list')?.dropInAgainstIpvsadm, 0.5);

const fixed = (value, digits) => (Number.isNaN(value) ? '-' : value.toFixed(digits));
function table(heads, lines) {
  const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((l) => l[i].length)));
  const [left, between, right] = options.markdown ? ['| ', ' | ', ' |'] : ['', '  ', ''];
  const print = (cells) => {
    const padded = cells.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    );
    console.log(`${left}${padded.join(between)}${right}`.trimEnd());
  };
  print(heads);
  print(
    widths.map((width, i) =>
      options.markdown && i > 0 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
    ),
  );
  for (const line of lines) print(line);
  console.log('');
}

const counted = options.kind === 'counted';
console.log(
  `Linux ${release}, Node ${process.version}; medians in ${counted ? 'millions of instructions' : 'milliseconds'}\n`,
);
console.log(
  `node -e 0: ${fixed(start, 1)} and ${fixed(startPeak / 1024, 1)} MB (${starts.length} turns); an empty ES module: ${fixed(moduleStart, 1)}; the drop-in with a small table: ${fixed(dropInStart, 1)}\n`,
);
table(
  [
    'work',
    'services x destinations',
    'turns',
    'lvskit',
    'above node',
    'work',
    'ipvsadm',
    'floor',
    'lvskit/ipvsadm',
    'above/floor',
    'work/floor',
    'MB above node',
    'drop-in',
    'drop-in/ipvsadm',
    'MB',
  ],
  rows.map((r) => [
    r.work,
    `${r.services} x ${r.destinations}`,
    String(r.turns),
    fixed(r.lvskitMs, 1),
    fixed(r.startedMs, 1),
    fixed(r.workMs, 1),
    fixed(r.ipvsadmMs, 1),
    fixed(r.floorMs, 1),
    fixed(r.againstIpvsadm, 3),
    fixed(r.againstFloor, 2),
    fixed(r.workAgainstFloor, 2),
    fixed(r.memoryMb, 1),
    fixed(r.dropInMs, 1),
    fixed(r.dropInAgainstIpvsadm, 3),
    fixed(r.dropInMemoryMb, 1),
  ]),
);
console.log(
  'lvskit, drop-in, ipvsadm, floor: the whole process. above node: without what node -e 0 takes.',
);
console.log('work: from the open table to the end of the work, nothing else.');
console.log(
  'weigh: only the weights are given, the rest is read first; compared with their edit.\n',
);
if (targets.length > 0) {
  table(
    ['target', 'measured', 'at most', 'met'],
    targets.map((t) => [t.name, fixed(t.value, 2), String(t.limit), t.met ? 'yes' : 'no']),
  );
}
if (options.json !== undefined) {
  const { kind } = options;
  const report = {
    kind,
    release,
    node: process.version,
    startMs: start,
    moduleStartMs: moduleStart,
    rows,
    targets,
    measurements,
  };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
