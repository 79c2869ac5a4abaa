// Turns the measurements of bench/run.sh into tables of medians and ratios.
//
//   node bench/report.mjs --kind counted|wall [--markdown] [--json FILE] RESULTS
import {
  fixed,
  middle,
  printTable,
  printTargets,
  readMeasurements,
  reportArguments,
  target,
  writeReport,
} from './measurements.mjs';

const options = reportArguments();
const measurements = readMeasurements(options.results);
const pick = (contestant, work, services) =>
  measurements.filter(
    (m) => m.contestant === contestant && m.work === work && Number(m.services) === services,
  );
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

const at = (work, services) => rows.find((r) => r.work === work && r.services === services);
const small = (work) => at(work, 1000);
const large = (work) => at(work, 10_000);
const growth = (work) => {
  const [less, more] = [small(work), large(work)];
  return less && more && more.workMs / less.workMs / (more.floorMs / less.floorMs);
};
const targets = [
  ...target('load 1,000 services, over ipvsadm -R', small('load')?.againstIpvsadm, 0.35),
  ...target(
    'load 1,000 services, over the floor, without start-up',
    small('load')?.againstFloor,
    1.3,
  ),
  ...target('list 1,000 services, over ipvsadm -Ln --stats', small('list')?.againstIpvsadm, 1),
  ...target('list 10,000 services, over ipvsadm -Ln --stats', large('list')?.againstIpvsadm, 0.5),
  ...['load', 'list', 'edit'].flatMap((work) =>
    target(`${work}, growth from 1,000 to 10,000 services, over the floor's`, growth(work), 1),
  ),
  ...['load', 'list', 'edit', 'weigh', 'clear'].flatMap((work) =>
    target(`${work} 10,000 services, MB above Node's own`, large(work)?.memoryMb, 60),
  ),
  ...target('drop-in -Ln of a small table, over node -e 0', dropInStart / start, 1.25),
  ...target(
    'drop-in -R of 10,000 services, over ipvsadm',
    large('load')?.dropInAgainstIpvsadm,
    0.2,
  ),
  ...target('drop-in -Ln --stats, 10,000, over ipvsadm', large('list')?.dropInAgainstIpvsadm, 0.5),
];

const counted = options.kind === 'counted';
console.log(
  `Linux ${release}, Node ${process.version}; medians in ${counted ? 'millions of instructions' : 'milliseconds'}\n`,
);
console.log(
  `node -e 0: ${fixed(start, 1)} and ${fixed(startPeak / 1024, 1)} MB (${starts.length} turns); an empty ES module: ${fixed(moduleStart, 1)}; the drop-in with a small table: ${fixed(dropInStart, 1)}\n`,
);
printTable(
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
  options.markdown,
);
console.log(
  'lvskit, drop-in, ipvsadm, floor: the whole process. above node: without what node -e 0 takes.',
);
console.log('work: from the open table to the end of the work, nothing else.');
console.log(
  'weigh: only the weights are given, the rest is read first; compared with their edit.\n',
);
printTargets(targets, options.markdown);
writeReport(options.json, {
  kind: options.kind,
  release,
  node: process.version,
  startMs: start,
  moduleStartMs: moduleStart,
  rows,
  targets,
  measurements,
});
