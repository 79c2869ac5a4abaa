// What the reports of the bench share: reading measurements, medians, and tables of them.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

/** The words of a report: --kind counted|wall [--markdown] [--json FILE] RESULTS */
export function reportArguments() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kind: { type: 'string', default: 'wall' },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
    },
  });
  return { ...options, results: positionals[0] ?? fail('no file of results given') };
}

/** The measurements of a bench that came to its end. */
export function readMeasurements(file) {
  const measurements = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const bad = measurements.find(({ status }) => status !== undefined && status !== 0);
  if (bad) fail(`${bad.contestant} ended with status ${bad.status} at: ${JSON.stringify(bad)}`);
  if (!measurements.some(({ work }) => work === 'done')) fail('the bench did not come to its end');
  return measurements;
}

export const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The median of a value of each measurement; NaN without any. */
export const middle = (list, value) => (list.length === 0 ? Number.NaN : median(list.map(value)));

export const fixed = (value, digits) => (Number.isNaN(value) ? '-' : value.toFixed(digits));

export function printTable(heads, lines, markdown) {
  const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((l) => l[i].length)));
  const [left, between, right] = markdown ? ['| ', ' | ', ' |'] : ['', '  ', ''];
  const print = (cells) => {
    const padded = cells.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    );
    console.log(`${left}${padded.join(between)}${right}`.trimEnd());
  };
  print(heads);
  print(
    widths.map((width, i) => (markdown && i > 0 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))),
  );
  for (const line of lines) print(line);
  console.log('');
}

/** What is to be reached: nothing where it was not measured. */
export function target(name, value, limit) {
  return value === undefined || Number.isNaN(value)
    ? []
    : [{ name, value, limit, met: value <= limit }];
}

export function printTargets(targets, markdown) {
  if (targets.length === 0) return;
  printTable(
    ['target', 'measured', 'at most', 'met'],
    targets.map((t) => [t.name, fixed(t.value, 2), String(t.limit), t.met ? 'yes' : 'no']),
    markdown,
  );
}

export function writeReport(file, report) {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
