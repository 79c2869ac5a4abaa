import { describe, expect, it } from 'vitest';
import { styleFor } from '../../../src/cli/output/style.ts';
import { layOut } from '../../../src/cli/output/table.ts';
import { drawTopology } from '../../../src/cli/output/topology-drawing.ts';
import { planTopology, type TopologyOptions } from '../../../src/lab/topology.ts';

const terminal = { isTTY: true };

describe('colours', () => {
  it('dress text for a terminal and take it back after it', () => {
    expect(styleFor(terminal, { TERM: 'xterm' }).red('no')).toBe('\x1b[31mno\x1b[39m');
    expect(styleFor(terminal, {}).bold('a')).toBe('\x1b[1ma\x1b[22m');
  });

  it('are left out where nobody sees them, or wants them', () => {
    expect(styleFor({}, { TERM: 'xterm' }).red('no')).toBe('no');
    expect(styleFor({ isTTY: false }, {}).dim('no')).toBe('no');
    expect(styleFor(terminal, { NO_COLOR: '1' }).red('no')).toBe('no');
    expect(styleFor(terminal, { TERM: 'dumb' }).red('no')).toBe('no');
  });

  it('are not switched off by an empty NO_COLOR', () => {
    expect(styleFor(terminal, { NO_COLOR: '' }).red('no')).not.toBe('no');
  });
});

describe('tables', () => {
  it('line up words at the left and numbers at the right', () => {
    const columns = [{ heading: 'server' }, { heading: 'connections', numeric: true }];
    expect(
      layOut(columns, [
        ['rs1', '7'],
        ['a-long-name', '12345'],
      ]),
    ).toEqual(['server       connections', 'rs1                    7', 'a-long-name        12345']);
  });

  it('widen for a number that is longer than its heading', () => {
    expect(layOut([{ heading: 'n', numeric: true }], [['1'], ['4294967296']])).toEqual([
      '         n',
      '         1',
      '4294967296',
    ]);
  });
});

describe('the drawing of a lab', () => {
  const draw = (options: TopologyOptions) =>
    drawTopology(planTopology(options), styleFor({}, {})).join('\n');

  it('shows direct routing as one network', () => {
    expect(draw({ forwarding: 'dr' })).toMatchInlineSnapshot(`
      "  client         director
        192.0.2.200    192.0.2.1
                       VIP 192.0.2.100
          │              │
      ════╧═════╤════════╧═════╤════════════  LAN 192.0.2.0/24
                │              │
              rs1            rs2
              192.0.2.11     192.0.2.12
              VIP on lo:0    VIP on lo:0"
    `);
  });

  it('shows the director between the two networks of NAT', () => {
    expect(draw({ forwarding: 'nat', family: 'ipv6' })).toMatchInlineSnapshot(`
      "  client
        2001:db8::200
          │
      ════╧═════╤═══════════════════════════  LAN 2001:db8::/64
                │
              director
              2001:db8::1
              fd00::1
              VIP 2001:db8::100
                │
      ══════════╧═════╤═══════════╤═════════  inner network fd00::/64
                      │           │
                    rs1         rs2
                    fd00::11    fd00::12"
    `);
  });

  it('shows the router that tunnels lead through', () => {
    expect(draw({ forwarding: 'tun' })).toMatchInlineSnapshot(`
      "  client         director
        192.0.2.200    192.0.2.1
                       VIP 192.0.2.100
          │              │
      ════╧═════╤════════╧══════════════════════════  LAN 192.0.2.0/24
                │
              router
              192.0.2.2
              10.0.0.2
                │
      ══════════╧═════╤═══════════════╤═════════════  inner network 10.0.0.0/24
                      │               │
                    rs1             rs2
                    10.0.0.11       10.0.0.12
                    VIP on tunl0    VIP on tunl0"
    `);
  });

  it('says how many addresses there are when there are several', () => {
    const drawing = draw({ clientAddresses: 3, virtualAddresses: 5 });
    expect(drawing).toContain('192.0.2.200 and 2 more');
    expect(drawing).toContain('VIP 192.0.2.100 and 4 more');
  });
});
