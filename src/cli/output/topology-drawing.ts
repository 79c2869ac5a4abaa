import type { PlannedHost, Segment, Topology } from '../../lab/topology.ts';
import type { Style } from './style.ts';

/** A host as drawn: its name, then what is to be known of it. */
interface Box {
  readonly host: PlannedHost;
  readonly lines: readonly string[];
  readonly column: number;
}

const margin = 2;
const gap = 4;
/** Each tier starts further right, so that no wire seems to join hosts past the network. */
const stagger = 6;
/** The wire of a host leaves its box this far from its left edge. */
const tap = 2;

/**
 * Draws a lab as text: hosts in tiers, the networks between them as double lines.
 *
 * Hosts on two networks stand between them, the client above the first, the real servers below the
 * last.
 */
export function drawTopology(topology: Topology, style: Style): readonly string[] {
  const tiers = tiersOf(topology).map((hosts, index) =>
    placeTier(hosts, topology, margin + index * stagger),
  );
  const width = Math.max(...tiers.map(widthOf));
  const lines: string[] = [];
  for (const [index, tier] of tiers.entries()) {
    const above = topology.segments[index - 1];
    if (above !== undefined) lines.push(wires(tier));
    lines.push(...drawTier(tier, style));
    const below = topology.segments[index];
    if (below === undefined) continue;
    lines.push(wires(tier), drawSegment(below, tier, tiers[index + 1] ?? [], width));
  }
  return lines;
}

/** One tier more than there are networks. */
function tiersOf(topology: Topology): readonly (readonly PlannedHost[])[] {
  const [first] = topology.segments;
  const between = topology.hosts.filter((host) => host.attachments.length > 1);
  const below = topology.hosts.filter((host) => host.role === 'real-server');
  const above = topology.hosts.filter(
    (host) => !below.includes(host) && !between.includes(host) && isOn(host, first),
  );
  return between.length > 0 ? [above, between, below] : [above, below];
}

function isOn(host: PlannedHost, segment: Segment | undefined): boolean {
  return host.attachments.some((attachment) => attachment.segment === segment);
}

function placeTier(
  hosts: readonly PlannedHost[],
  topology: Topology,
  start: number,
): readonly Box[] {
  let column = start;
  return hosts.map((host) => {
    const box = { host, lines: describe(host, topology), column };
    column += Math.max(...box.lines.map((line) => line.length)) + gap;
    return box;
  });
}

function describe(host: PlannedHost, topology: Topology): readonly string[] {
  const addresses = host.attachments.flatMap(({ addresses: own }) =>
    own.length > 1 ? [`${own[0]} and ${own.length - 1} more`] : own,
  );
  const [vip] = topology.vips;
  const more = topology.vips.length > 1 ? ` and ${topology.vips.length - 1} more` : '';
  if (host.role === 'director') return [host.name, ...addresses, `VIP ${vip}${more}`];
  if (host.role === 'real-server' && topology.forwarding !== 'nat') {
    return [host.name, ...addresses, `VIP on ${vipLink(topology)}`];
  }
  return [host.name, ...addresses];
}

/** The interface of a real server that holds the VIP, with its label where it has one. */
function vipLink(topology: Topology): string {
  if (topology.forwarding === 'dr') return topology.family === 'ipv4' ? 'lo:0' : 'lo';
  return topology.family === 'ipv4' ? 'tunl0' : 'ip6tnl0';
}

function widthOf(tier: readonly Box[]): number {
  return Math.max(
    ...tier.map((box) => box.column + Math.max(...box.lines.map((line) => line.length))),
  );
}

function drawTier(tier: readonly Box[], style: Style): readonly string[] {
  const height = Math.max(...tier.map((box) => box.lines.length));
  return Array.from({ length: height }, (_, row) => {
    let line = '';
    let at = 0;
    for (const { lines, column } of tier) {
      const text = lines[row] ?? '';
      if (text === '') continue;
      line += ' '.repeat(column - at) + (row === 0 ? style.bold(text) : text);
      at = column + text.length;
    }
    return line;
  });
}

function wires(tier: readonly Box[]): string {
  const cells: string[] = [];
  for (const { column } of tier) cells[column + tap] = '│';
  return Array.from(cells, (cell) => cell ?? ' ').join('');
}

function drawSegment(
  segment: Segment,
  above: readonly Box[],
  below: readonly Box[],
  width: number,
): string {
  const line = Array.from({ length: width + gap }, (_, at) => {
    const up = above.some(({ column }) => column + tap === at);
    const down = below.some(({ column }) => column + tap === at);
    if (up && down) return '╪';
    if (up) return '╧';
    return down ? '╤' : '═';
  });
  const label = segment.name === 'lan' ? 'LAN' : 'inner network';
  return `${line.join('')}  ${label} ${segment.prefix}`;
}
