import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { realServerScript } from '../../../src/real-server/script/script.ts';
import type { RealServerSettings } from '../../../src/real-server/settings.ts';

const vips = ['192.0.2.10', '2001:db8::10'];
const all: readonly RealServerSettings[] = [
  { mode: 'dr', vips },
  { mode: 'dr', vips, device: 'dummy', interfaces: ["e'th0", 'eth*'], onlyInterfaces: true },
  { mode: 'tun', vips },
  { mode: 'tun', vips, tunnelType: 'gue', tunnelPort: 6080, outer: 'ipv6' },
  { mode: 'tun', vips, tunnelType: 'gre', tunnelChecksum: true, device: 'lo' },
  { mode: 'nat', vips, gateways: ['10.0.0.1', 'fd00::1'] },
  {
    mode: 'nat',
    vips,
    gateways: ['10.0.0.1', 'fd00::1'],
    replies: 'policy',
    ports: [{ protocol: 'tcp', port: 80 }],
  },
];

describe('realServerScript', () => {
  it('has nothing that shellcheck complains of', { timeout: 120_000 }, async () => {
    const whole = realServerScript(all.map((settings) => ({ settings })));
    for (const script of [
      whole,
      ...all.slice(0, 1).map((settings) => realServerScript([{ settings }])),
    ]) {
      const { stdout } = await execa('shellcheck', ['-s', 'sh', '-'], {
        input: script,
        reject: false,
      });
      expect(stdout).toBe('');
    }
  });

  it('quotes what it is given', () => {
    const script = realServerScript([{ settings: all[1] as RealServerSettings }]);
    expect(script).toContain(`given_interfaces='e'\\''th0 eth*'`);
  });

  it('is called by what makes a name of a file', () => {
    const settings = all[0] as RealServerSettings;
    expect(realServerScript([{ settings }])).toContain('\nsetup=dr-192.0.2.10,2001:db8::10\n');
    expect(() => realServerScript([{ settings }], { name: '../x' })).toThrow(
      'a script cannot be called ../x',
    );
  });

  it('does nothing when it comes in part only', () => {
    const script = realServerScript([{ settings: all[0] as RealServerSettings }]);
    expect(script.endsWith('\nmain "$@"\nexit\n')).toBe(true);
  });
});
