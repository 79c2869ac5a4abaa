// The text format of Prometheus, https://prometheus.io/docs/instrumenting/exposition_formats/

import type { Counters } from '../ipvs/statistics.ts';
import type { KindDurations } from './director-status.ts';
import { durationBoundsMs } from './durations.ts';

export type Kind = 'counter' | 'gauge' | 'histogram';
export type Labels = Readonly<Record<string, string>>;
export type Value = number | bigint | boolean;

/** What the kernel counts, of services and of servers. */
export interface Flow {
  readonly field: keyof Counters;
  readonly name: string;
  readonly help: string;
  /** Most directors never see any: with direct routing and tunnels answers go past them. */
  readonly isRare?: true;
}

export const flows: readonly Flow[] = [
  { field: 'connections', name: 'connections_total', help: 'Connections scheduled.' },
  { field: 'packetsIn', name: 'in_packets_total', help: 'Packets from clients.' },
  { field: 'bytesIn', name: 'in_bytes_total', help: 'Bytes from clients.' },
  {
    field: 'packetsOut',
    name: 'out_packets_total',
    help: 'Packets to clients, with NAT only.',
    isRare: true,
  },
  {
    field: 'bytesOut',
    name: 'out_bytes_total',
    help: 'Bytes to clients, with NAT only.',
    isRare: true,
  },
];

/** A counter; undefined where there is nothing to tell. */
export function flowOf(
  counters: Counters | undefined,
  { field, isRare }: Flow,
): bigint | undefined {
  const value = counters?.[field];
  return isRare === true && value === 0n ? undefined : value;
}

export type Sample = readonly [labels: Labels, value: Value | undefined];

export function family(name: string, kind: Kind, help: string, samples: readonly Sample[]): string {
  let text = heading(name, kind, help);
  for (const [labels, value] of samples) {
    if (value !== undefined) text += `${name}${labelText(labels)} ${numberText(value)}\n`;
  }
  return text;
}

export function heading(name: string, kind: Kind, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
}

/** A histogram for each kind. */
export function durationsFamily(
  name: string,
  help: string,
  readings: readonly KindDurations[],
): string {
  let text = heading(name, 'histogram', help);
  for (const { kind, atMost, count, sumMs } of readings) {
    const own = `kind="${escaped(kind)}"`;
    for (const [place, boundMs] of durationBoundsMs.entries()) {
      text += `${name}_bucket{${own},le="${boundMs / 1000}"} ${atMost[place]}\n`;
    }
    text += `${name}_bucket{${own},le="+Inf"} ${count}\n`;
    text += `${name}_sum{${own}} ${Math.round(sumMs * 1000) / 1e6}\n${name}_count{${own}} ${count}\n`;
  }
  return text;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Counters with every digit. */
export function numberText(value: Value): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value);
}

export function escaped(text: string): string {
  return /[\\"\n]/.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : text;
}
