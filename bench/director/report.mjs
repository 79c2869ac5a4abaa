// Turns the measurements of bench/director.sh into tables of medians and ratios.
//
//   node bench/director/report.mjs --kind counted|wall [--markdown] [--json FILE] RESULTS
import {
  fixed,
  middle,
  printTable,
  printTargets,
  readMeasurements,
  reportArguments,
  target,
  writeReport,
} from '../measurements.mjs';

const { kind, markdown, json, results } = reportArguments();
const measurements = readMeasurements(results);
const { release } = measurements.find(({ work }) => work === 'kernel');
const emptyMb = middle(
  measurements.filter(({ work }) => work === 'start'),
  (m) => m.peakKb / 1024,
);
const of = (work, contestant) =>
  measurements.filter((m) => m.work === work && m.contestant === contestant);

/** The median of the ratios of each turn: turns of a busy machine differ in everything else. */
const ratio = (ours, theirs, value) =>
  middle(
    ours.flatMap((m) => {
      const other = theirs.find(({ turn }) => turn === m.turn);
      return other === undefined ? [] : [value(m) / value(other)];
    }),
    (one) => one,
  );

const targets = [];
const perCheck = (m) => (m.cpuMs * 1000) / m.made;

for (const [work, most] of [
  ['tcp-checks', 1],
  ['http-checks', 1.5],
]) {
  const sizes = [...new Set(of(work, 'lvskit').map(({ servers }) => servers))];
  const rows = sizes.map((servers) => {
    const [lvskit, keepalived] = ['lvskit', 'keepalived'].map((name) =>
      of(work, name).filter((m) => m.servers === servers),
    );
    const name = `${work.replace('-', ' ')} of ${servers} servers`;
    const cost = ratio(lvskit, keepalived, perCheck);
    const aboveMb = middle(lvskit, (m) => m.nowKb / 1024) - emptyMb;
    targets.push(...target(`${name}, CPU to keepalived's`, cost, most));
    targets.push(...target(`${name}, MB above an empty Node`, aboveMb, 60));
    return [
      name,
      fixed(middle(lvskit, perCheck), 0),
      fixed(middle(keepalived, perCheck), 0),
      fixed(cost, 2),
      fixed(
        middle(lvskit, (m) => (m.made * 1000) / m.wallMs),
        0,
      ),
      fixed(
        middle(keepalived, (m) => (m.made * 1000) / m.wallMs),
        0,
      ),
      fixed(aboveMb, 0),
    ];
  });
  if (rows.length > 0) {
    const heads = ['CPU, us a check', 'lvskit', 'keepalived', 'ratio', 'a second', 'its', 'MB'];
    printTable(heads, rows, markdown);
  }
}

const tables = of('table', 'lvskit');
if (tables.length > 0) {
  const theirs = of('table', 'keepalived');
  const value = (name, list = tables) => middle(list, (m) => m[name]);
  const reload = ratio(tables, theirs, (m) => m.reloadCpuMs);
  const start = middle(tables, (m) => m.startMs / m.listMs);
  targets.push(...target('start, to the time of lvskit list', start, 1.5));
  targets.push(...target('changes of a start', value('startChanges'), 0));
  targets.push(...target('changes of a reload', value('reloadChanges'), 1));
  targets.push(...target("reload, CPU to keepalived's", reload, 0.25));
  printTable(
    [`${tables[0].services} services x 10, ms`, 'lvskit', 'keepalived'],
    [
      ['lvskit list', fixed(value('listMs'), 0), '-'],
      ['ipvsadm -Ln', fixed(value('ipvsadmListMs'), 0), '-'],
      ['start, all of it there', fixed(value('startMs'), 0), '-'],
      ['share of the CPU at rest, %', fixed(value('idleShare') * 100, 1), '-'],
      ['CPU of a reload', fixed(value('reloadCpuMs'), 0), fixed(value('reloadCpuMs', theirs), 0)],
      ['resident, MB', fixed(value('nowKb') / 1024, 0), fixed(value('nowKb', theirs) / 1024, 0)],
    ],
    markdown,
  );
}

const deaths = ['refused', 'silent'].flatMap((how) => {
  const ours = of(`death-${how}`, 'lvskit');
  if (ours.length === 0) return [];
  const theirs = of(`death-${how}`, 'keepalived');
  const most = (list) => Math.max(...list.map(({ ms }) => ms));
  // Interval, fast interval and time-out are a second; the first check that fails may be one away.
  const limit = (how === 'silent' ? 4000 : 3000) + 50;
  targets.push(...target(`ms to weight 0, ${how}, longest`, most(ours), limit));
  const cells = [ours, theirs].flatMap((list) => [
    fixed(
      middle(list, ({ ms }) => ms),
      0,
    ),
    fixed(most(list), 0),
  ]);
  return [[how, String(ours.length), ...cells]];
});
if (deaths.length > 0) {
  printTable(
    ['ms to weight 0', 'deaths', 'lvskit', 'longest', 'keepalived', 'its longest'],
    deaths,
    markdown,
  );
}
console.log(`Linux ${release}, Node ${process.version}, which takes ${fixed(emptyMb, 0)} MB\n`);
printTargets(targets, markdown);
writeReport(json, { kind, release, node: process.version, targets, measurements });
