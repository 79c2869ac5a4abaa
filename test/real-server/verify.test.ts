import { mkdtemp, rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as arp from '../../src/net/arp.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Network } from '../../src/net/network.ts';
import { connect } from '../../src/net/transport.ts';
import { rsSetup } from '../support/command.ts';
import { heardBefore } from '../support/frames.ts';
import { hostState } from '../support/host-state.ts';
import { repeats } from '../support/kernel.ts';
import { type Segment, type SegmentHost, segment } from '../support/segment.ts';

const vip = '10.82.0.100';
const vip6 = 'fd82::100';
const both = ['--vip', `${vip},${vip6}`];
let net: Segment;
let server: SegmentHost;
let director: SegmentHost;
let neighbour: SegmentHost;
let root: string;

const onServer = (...words: string[]) =>
  rsSetup([...words, '--netns', server.netns, '--root', root]);
const verify = async (...words: string[]) => {
  const { code, stdout, stderr } = await onServer('verify', '-o', 'json', ...words);
  expect(stderr).toBe('');
  const document = JSON.parse(stdout);
  const findings = document.setups.flatMap((setup: { findings: object[] }) => setup.findings);
  return {
    code,
    document,
    ids: findings.map(({ id }: { id: string }) => id).sort(),
    findings,
  };
};

beforeAll(async () => {
  root = await mkdtemp('/dev/shm/lvskit-rs-');
  net = await segment('verify', 3);
  [server, director, neighbour] = net.hosts as [SegmentHost, SegmentHost, SegmentHost];
  await director.run('address', 'add', `${vip}/32`, 'dev', 'eth0');
  await director.run('address', 'add', `${vip6}/128`, 'dev', 'eth0', 'nodad');
});

afterEach(async () => {
  await onServer('undo');
});

afterAll(async () => {
  await net.remove();
  await rm(root, { recursive: true });
});

/** The settings that are not as they should be. */
const notOk = ({ setups }: { setups: { checks: { subject: string; ok: boolean }[] }[] }) =>
  setups.flatMap(({ checks }) => checks.filter(({ ok }) => !ok).map(({ subject }) => subject));

// On the newest kernel it is seen from the wire alone, below.
describe.skipIf(repeats)('rs-setup verify', () => {
  it('finds all right what apply has set up, and leaves nothing behind', async () => {
    await onServer('apply', '--mode', 'dr', ...both);
    const before = await hostState(server.netns);
    const { code, document, ids } = await verify();
    expect({ code, ids }).toEqual({ code: 0, ids: [] });
    expect(document).toMatchObject({ version: 1, ok: true });
    expect(document.setups[0].answers).toEqual([
      { link: 'eth0', vip, here: false, others: [director.mac] },
      { link: 'eth0', vip: vip6, here: false, others: [director.mac] },
    ]);
    expect(await hostState(server.netns)).toEqual(before);
    const names = (await NetworkNamespace.list()).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('rs-setup-'))).toEqual([]);
  });

  it('finds a VIP set up by hand for which this machine answers', async () => {
    await server.run('address', 'add', `${vip}/32`, 'dev', 'lo');
    await using network = await Network.open({ netns: server.netns });
    const { code, ids, findings } = await verify('--mode', 'dr', '--vip', vip);
    await network.addresses.remove({ link: 'lo', address: `${vip}/32` });
    expect({ code, ids }).toEqual({
      code: 3,
      ids: ['arp-announce', 'arp-ignore', 'host-route', 'vip-answered-here'],
    });
    const ignore = findings.find(({ id }: { id: string }) => id === 'arp-ignore');
    expect(ignore).toMatchObject({
      severity: 'error',
      found: 'arp_ignore of eth0 is 0 (the larger of it and all)',
      mend: 'sysctl -w net.ipv4.conf.all.arp_ignore=1',
    });
  });

  it('knows that sysctls of lo are no use', async () => {
    await onServer('apply', '--mode', 'dr', '--vip', vip);
    for (const link of ['all', 'eth0']) {
      await server.sysctl.write(`net.ipv4.conf.${link}.arp_ignore`, 0);
    }
    await server.sysctl.write('net.ipv4.conf.lo.arp_ignore', 1);
    const wrong = ['net.ipv4.conf.all.arp_ignore', 'net.ipv4.conf.eth0.arp_ignore'];
    const bad = await verify();
    expect(bad).toMatchObject({ code: 3, ids: ['arp-ignore', 'vip-answered-here'] });
    expect(notOk(bad.document)).toEqual(wrong);
    await server.sysctl.write('net.ipv4.conf.eth0.arp_ignore', 1);
    const good = await verify('--no-wire');
    expect(good).toMatchObject({ code: 0, ids: [] });
    expect(notOk(good.document)).toEqual([]);
    await server.sysctl.write('net.ipv4.conf.lo.arp_ignore', 0);
  });

  it('finds a VIP that is gone', async () => {
    await onServer('apply', '--mode', 'dr', ...both);
    await server.run('address', 'del', `${vip}/32`, 'dev', 'lo');
    const { code, ids, findings } = await verify('--no-wire');
    expect({ code, ids }).toEqual({ code: 3, ids: ['vip-missing'] });
    expect(findings[0].mend).toMatch(`ip address add ${vip}/32 dev lo`);
  });

  it('finds others that answer besides the director, and that nobody does', async () => {
    await onServer('apply', '--mode', 'dr', '--vip', vip);
    await neighbour.run('address', 'add', `${vip}/32`, 'dev', 'eth0');
    const two = await verify();
    await neighbour.run('address', 'del', `${vip}/32`, 'dev', 'eth0');
    expect(two).toMatchObject({ code: 3, ids: ['vip-answered-by-several'] });
    expect(two.findings[0].found).toContain(neighbour.mac);
    await director.run('link', 'set', 'eth0', 'down');
    const none = await verify();
    await director.run('link', 'set', 'eth0', 'up');
    await director.run('address', 'replace', `${vip6}/128`, 'dev', 'eth0', 'nodad');
    expect(none).toMatchObject({ code: 0, ids: ['vip-unanswered'] });
  });

  it('finds the reverse path filter on a tunnel, and a tunnel that is down', async () => {
    await onServer('apply', '--mode', 'tun', '--vip', '192.0.2.100');
    expect(await verify('--no-wire')).toMatchObject({ code: 0, ids: [] });
    await server.sysctl.write('net.ipv4.conf.all.rp_filter', 1);
    expect(await verify('--no-wire')).toMatchObject({ code: 3, ids: ['rp-filter'] });
    await server.sysctl.write('net.ipv4.conf.all.rp_filter', 0);
    await server.run('link', 'set', 'tunl0', 'down');
    expect(await verify('--no-wire')).toMatchObject({ code: 3, ids: ['tunnel-link'] });
  });

  it('finds a wrong gateway, and redirects', async () => {
    const nat = ['--mode', 'nat', '--vip', '192.0.2.100', '--gateway', director.ipv4];
    await onServer('apply', ...nat);
    expect(await verify('--no-wire')).toMatchObject({ code: 0, ids: [] });
    await server.run('route', 'replace', 'default', 'via', neighbour.ipv4);
    await server.sysctl.write('net.ipv4.conf.all.accept_redirects', 1);
    const { code, ids, findings } = await verify('--no-wire');
    expect({ code, ids }).toEqual({ code: 3, ids: ['gateway', 'redirects'] });
    expect(JSON.stringify(findings)).toContain(`via ${neighbour.ipv4} dev eth0`);
    await server.run('route', 'replace', 'default', 'via', director.ipv4);
  });

  it('says in words what it finds', async () => {
    await onServer('apply', '--mode', 'dr', '--vip', vip);
    const good = await onServer('verify');
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toContain(`${vip} on eth0: answered by ${director.mac}`);
    expect(good.stdout).toContain('all is as it should be');
    await server.run('address', 'del', `${vip}/32`, 'dev', 'lo');
    const bad = await onServer('verify', '--no-wire');
    expect(bad.code).toBe(3);
    expect(bad.stdout).toContain('error vip-missing');
    expect(bad.stdout).toContain('connections to it time out');
  });
});

describe('a real server that talks as the VIP', () => {
  /** From whom the server asks when it looks for a machine, as a third one hears it. */
  async function senders(): Promise<readonly string[]> {
    await server.run('neighbour', 'flush', 'dev', 'eth0');
    const heard = arp.listen({ netns: neighbour.netns, link: 'eth0' });
    await heard.ready;
    await connect({
      netns: server.netns,
      address: director.ipv4,
      port: 9,
      sourceAddress: vip,
      sourcePort: 0,
      timeoutMs: 500,
    }).catch(() => undefined);
    const last = '192.0.2.255';
    await arp.announce({ netns: director.netns, link: 'eth0', address: last, count: 1 });
    const frames = await heardBefore(heard, ({ senderIp }) => senderIp === last);
    return frames
      .filter(({ operation, source }) => operation === 'request' && source === server.mac)
      .map(({ senderIp }) => senderIp);
  }

  it('asks for its neighbours in its own name, and answers none for the VIP', async () => {
    await server.run('address', 'add', `${vip}/32`, 'dev', 'lo');
    expect(await senders()).toContain(vip);
    await server.run('address', 'del', `${vip}/32`, 'dev', 'lo');

    await onServer('apply', '--mode', 'dr', '--vip', vip);
    const asked = await senders();
    expect(asked).toContain(server.ipv4);
    expect(asked).not.toContain(vip);
    const answers = await arp.probe({ netns: neighbour.netns, link: 'eth0', target: vip });
    expect(answers.map(({ mac }) => mac)).toEqual([director.mac]);
    expect(await verify()).toMatchObject({ code: 0, ids: [] });
  });
});
