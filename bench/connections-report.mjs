// Turns the measurements of bench/connections.sh into tables of medians and ratios.
//
//   node bench/connections-report.mjs --kind counted|wall [--markdown] [--json FILE] RESULTS
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

const { kind, markdown, json, results } = reportArguments();
const measurements = readMeasurements(results);
const listings = measurements.filter(({ work }) => work === 'connections');
const starts = measurements.filter(({ work }) => work === 'start');
const { release } = measurements.find(({ work }) => work === 'kernel');

// The clock of the counted guest is the count; elsewhere the processor's time is nearer to it.
const cost = kind === 'counted' ? (m) => m.wallMs : (m) => m.userMs + m.systemMs;
const start = middle(starts, cost);
const startPeak = middle(starts, (m) => m.peakKb);

const sizes = [...new Set(listings.map((m) => Number(m.connections)))].sort((a, b) => a - b);
const rows = sizes.map((connections) => {
  const of = (contestant) =>
    listings.filter((m) => m.contestant === contestant && Number(m.connections) === connections);
  const [floor, ipvsadm] = [of('floor'), of('ipvsadm')];
  const dropIn = of('drop-in');
  const row = {
    connections,
    turns: Math.max(floor.length, dropIn.length, ipvsadm.length),
    dropInMs: middle(dropIn, cost),
    ipvsadmMs: middle(ipvsadm, cost),
    floorMs: middle(floor, cost),
    memoryMb: (middle(dropIn, (m) => m.peakKb) - startPeak) / 1024,
  };
  // Each turn by itself: on a busy machine one differs from the other in everything but this.
  const pairs = dropIn.flatMap((m) => {
    const other = ipvsadm.find(({ turn }) => turn === m.turn);
    return other === undefined ? [] : [cost(m) / cost(other)];
  });
  return { ...row, againstIpvsadm: middle(pairs, (ratio) => ratio) };
});

const targets = rows
  .filter(({ connections }) => connections >= 1_000_000)
  .flatMap(({ connections, againstIpvsadm }) =>
    target(`drop-in -Lnc of ${connections}, over ipvsadm`, againstIpvsadm, 0.4),
  );

console.log(
  `Linux ${release}, Node ${process.version}; medians in ${kind === 'counted' ? 'millions of instructions' : 'milliseconds of processor time'}\n`,
);
console.log(`node -e 0: ${fixed(start, 1)} and ${fixed(startPeak / 1024, 1)} MB\n`);
printTable(
  ['connections', 'turns', 'drop-in', 'ipvsadm', 'floor', 'drop-in/ipvsadm', 'MB above node'],
  rows.map((r) => [
    String(r.connections),
    String(r.turns),
    fixed(r.dropInMs, 1),
    fixed(r.ipvsadmMs, 1),
    fixed(r.floorMs, 1),
    fixed(r.againstIpvsadm, 3),
    fixed(r.memoryMb, 1),
  ]),
  markdown,
);
console.log('drop-in, ipvsadm: -Lnc, the whole process. floor: reads the file, and no more.\n');
printTargets(targets, markdown);
writeReport(json, {
  kind,
  release,
  node: process.version,
  startMs: start,
  rows,
  targets,
  measurements,
});
