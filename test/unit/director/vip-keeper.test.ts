import { describe, expect, it } from 'vitest';
import { VipKeeper } from '../../../src/director/vip-keeper.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';
import { FakeVips } from '../../support/fake-vips.ts';

const vip = '192.0.2.10';
const eth0 = { link: 'eth0', vips: [vip, '2001:db8::10'] };

function keeper(vips = new FakeVips()) {
  const clock = new FakeClock();
  const events: string[] = [];
  const keeper = new VipKeeper({
    host: vips,
    clock,
    onEvent: (details) => {
      if (details.event === 'trouble') events.push(details.reason);
      else if ('vip' in details) events.push(`${details.event} ${details.vip}`);
    },
  });
  const told = () => events.splice(0);
  /** As the director does when something has changed. */
  const look = async (ms: number) => {
    await clock.advance(ms, 100);
    await keeper.look();
    await settled();
  };
  return { clock, vips, keeper, told, look };
}

describe('VIPs that a director owns', () => {
  it('are put on its link each in a network of its own, and announced twice', async () => {
    const { clock, vips, keeper: vipKeeper, told } = keeper();
    await vipKeeper.set(eth0);
    expect(vips.texts).toEqual(['192.0.2.10/32 eth0', '2001:db8::10/128 eth0']);
    expect(told()).toEqual(['vip-added 192.0.2.10', 'vip-added 2001:db8::10']);
    expect(vips.announced.length).toBe(2);
    await clock.advance(6000, 100);
    expect(vips.announced.length).toBe(4);
    expect(vipKeeper.status).toEqual([
      { vip, link: 'eth0', present: true },
      { vip: '2001:db8::10', link: 'eth0', present: true },
    ]);
    await vipKeeper.close();
    expect(clock.timers).toBe(0);
    expect(vips.texts.length).toBe(2);
  });

  it('are taken over where they are already, and stay when they are not its own', async () => {
    const { vips, keeper: vipKeeper, told } = keeper();
    vips.put({ link: 'eth0', address: '192.0.2.10/24' });
    vips.put({ link: 'eth0', address: '192.0.2.99/32' });
    await vipKeeper.set({ link: 'eth0', vips: [vip] });
    await vipKeeper.release();
    expect([told(), vips.announced]).toEqual([[], []]);
    expect(vips.texts).toEqual(['192.0.2.10/24 eth0', '192.0.2.99/32 eth0']);
  });

  it.each([true, false])(
    'go when the configuration no longer has them (IFA_PROTO: %s)',
    async (knows) => {
      const vips = new FakeVips();
      vips.knowsProtocol = knows;
      const first = keeper(vips);
      await first.keeper.set({ link: 'eth0', vips: [vip, '192.0.2.11'] });
      await first.keeper.close();
      // By the next director too.
      const { keeper: vipKeeper, told } = keeper(vips);
      await vipKeeper.set({ link: 'eth0', vips: ['192.0.2.11'] });
      expect(told()).toEqual(['vip-removed 192.0.2.10']);
      expect(vips.texts).toEqual(['192.0.2.11/32 eth0']);
      await vipKeeper.set(undefined);
      expect(vips.texts).toEqual(['192.0.2.11/32 eth0']);
      await vipKeeper.set({ link: 'eth0', vips: ['192.0.2.11'] });
      await vipKeeper.release();
      expect(vips.texts).toEqual([]);
    },
  );

  it('move to another link', async () => {
    const { vips, keeper: vipKeeper } = keeper();
    await vipKeeper.set({ link: 'eth0', vips: [vip] });
    await vipKeeper.set({ link: 'eth1', vips: [vip] });
    expect(vips.texts).toEqual(['192.0.2.10/32 eth1']);
    await vipKeeper.close();
  });

  it('are put back at once, and less and less often when somebody goes on taking them', async () => {
    const { vips, keeper: vipKeeper, told, look } = keeper();
    await vipKeeper.set({ link: 'eth0', vips: [vip] });
    await look(20_000);
    told();
    vips.take({ link: 'eth0', address: `${vip}/32` });
    await look(0);
    expect(vips.texts.length).toBe(1);
    expect(told()).toEqual(['vip-removed 192.0.2.10', 'vip-added 192.0.2.10']);
    const gaps: number[] = [];
    for (let time = 0; time < 7; time++) {
      vips.take({ link: 'eth0', address: `${vip}/32` });
      let gap = 0;
      for (; vips.texts.length === 0; gap += 100) await look(100);
      gaps.push(Math.round(gap / 1000));
    }
    expect(gaps).toEqual([1, 2, 4, 8, 16, 30, 30]);
    await look(60_000);
    vips.take({ link: 'eth0', address: `${vip}/32` });
    await look(0);
    expect(vips.texts.length).toBe(1);
    await vipKeeper.close();
  });

  it('are tried again when the link does not take them, which is told once', async () => {
    const { clock, vips, keeper: vipKeeper, told } = keeper();
    vips.failure = new Error('there is no link eth0');
    await vipKeeper.set({ link: 'eth0', vips: [vip] });
    await clock.advance(10_000, 100);
    expect(told()).toEqual(['there is no link eth0']);
    expect(vipKeeper.status).toEqual([{ vip, link: 'eth0', present: false }]);
    vips.failure = undefined;
    await clock.advance(30_000, 100);
    expect(vips.texts).toEqual(['192.0.2.10/32 eth0']);
    await vipKeeper.close();
  });
});
