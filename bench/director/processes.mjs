// What a program and everything that it has started have cost so far.
import { readdirSync, readFileSync } from 'node:fs';

const tickMs = 10;

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** Fields from the third on; the second may hold blanks. */
const statOf = (pid) => {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

/** A process and its descendants. */
export function treeOf(root) {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => [pid, statOf(pid)[1]]);
  const tree = [String(root)];
  for (const pid of tree) {
    for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  }
  return tree;
}

/** Milliseconds of the processor, user and system. */
export function processorMs(root) {
  let ticks = 0;
  for (const pid of treeOf(root)) {
    const [user, system] = statOf(pid).slice(11, 13).map(Number);
    ticks += (user ?? 0) + (system ?? 0);
  }
  return ticks * tickMs;
}

/** Kilobytes that are resident, now and at most. */
export function residentKb(root) {
  const memory = { nowKb: 0, peakKb: 0 };
  for (const pid of treeOf(root)) {
    const status = read(`/proc/${pid}/status`);
    const field = (name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    memory.nowKb += field('VmRSS');
    memory.peakKb += field('VmHWM');
  }
  return memory;
}

/** Connections that were begun in this network namespace. */
export function connectionsMade() {
  const [names, values] = read('/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  // Not those that were accepted: a check may be over before its server knows of it.
  return Number(values[names.indexOf('ActiveOpens')]);
}
