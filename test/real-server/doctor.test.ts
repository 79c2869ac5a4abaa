import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorDocument } from '../../src/cli/commands/doctor-document.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { Lab } from '../../src/lab/lab.ts';
import type { LabServer } from '../../src/lab/server.ts';
import type { LabForwarding } from '../../src/lab/topology.ts';
import type { AddressFamily } from '../../src/net/ip.ts';
import { lvskit } from '../support/command.ts';
import { filesBelow, hostState } from '../support/host-state.ts';
import { repeats } from '../support/kernel.ts';

/** A program, or three runs and more, on a machine that is busy. */
const patience = { timeout: 300_000 };

const program = fileURLToPath(new URL('../../dist/bundle/lvskit.js', import.meta.url));

interface Result {
  readonly code: number;
  readonly document: DoctorDocument;
  readonly ids: readonly string[];
  readonly of: (id: string) => Finding | undefined;
}

/** A lab, and `lvskit doctor` run on its director. */
class Clinic implements AsyncDisposable {
  readonly lab: Lab;
  readonly servers: readonly LabServer[];
  readonly root: string;
  readonly rs1: LabHost;
  readonly rs2: LabHost;

  private constructor(lab: Lab, servers: readonly LabServer[], root: string) {
    const [rs1, rs2] = lab.realServers;
    if (rs1 === undefined || rs2 === undefined) throw new Error('the lab has no real servers');
    this.lab = lab;
    this.servers = servers;
    this.root = root;
    this.rs1 = rs1;
    this.rs2 = rs2;
  }

  static async open(forwarding: LabForwarding, family: AddressFamily): Promise<Clinic> {
    const lab = await Lab.create({ forwarding, family });
    const servers: LabServer[] = [];
    for (const server of lab.realServers) servers.push(await lab.serve(server));
    await lab.addService({ scheduler: 'rr' });
    return new Clinic(lab, servers, await mkdtemp('/dev/shm/lvskit-doctor-'));
  }

  words(...more: string[]): readonly string[] {
    return ['doctor', '--netns', this.lab.director.netns, '--root', this.root, ...more];
  }

  async doctor(...more: string[]): Promise<Result> {
    // What is to time out takes this long; what is to answer has it even on a busy machine.
    const words = this.words('--timeout', '1000', '-o', 'json', ...more);
    const { code, stdout, stderr } = await lvskit(words);
    expect(stderr).toBe('');
    const document = JSON.parse(stdout) as DoctorDocument;
    const { findings } = document;
    const of = (id: string) => findings.find((finding) => finding.id === id);
    return { code, document, ids: findings.map(({ id }) => id), of };
  }

  /** Everything that a trial could leave behind on the director. */
  async state() {
    const { ipvs, director } = this.lab;
    const marks = (await ipvs.list()).flatMap(({ key }) => key.firewallMark ?? []);
    const host = await hostState(director.netns);
    // Link-local addresses come of themselves, a second or two after their link.
    const settled = (list: readonly unknown[]) =>
      list.filter((entry) => !/"fe80::|"ff00::/.test(JSON.stringify(entry)));
    const { addresses, routes } = host;
    return {
      marks,
      files: await filesBelow(this.root),
      host: { ...host, addresses: settled(addresses), routes: settled(routes) },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    await rm(this.root, { recursive: true });
  }
}

async function macOf({ network, link }: LabHost): Promise<string> {
  return (await network.links.find(link))?.address ?? 'no MAC';
}

async function takeVip({ network }: LabHost, { vip, family }: Lab, link: string): Promise<void> {
  await network.addresses.remove({ link, address: `${vip}/${family === 'ipv4' ? 32 : 128}` });
}

/** A server with routes to its clients' networks alone is right, which takes one of them to tell. */
async function tryWithoutDefaultRoute(clinic: Clinic, inner: string): Promise<void> {
  const { director } = clinic.lab;
  const { routes } = clinic.rs2.network;
  await routes.remove({ destination: 'default', family: 'ipv4' });
  await routes.add({ destination: `${director.address}/32`, via: inner });
  const wrong = await clinic.doctor('--no-wire');
  expect(wrong).toMatchObject({ code: 3, ids: ['gateway'] });
  expect(wrong.of('gateway')?.found).toContain('by nat from 192.0.0.8 times out');
  const right = await clinic.doctor('--no-wire', '--from', director.address);
  expect(right).toMatchObject({ code: 0, ids: [] });
  await routes.remove({ destination: `${director.address}/32` });
}

/** Faults that there are with one forwarding method alone. */
const only = (is: boolean) => (name: string, test: () => Promise<void>) => {
  if (is) it(name, patience, test);
};

// What the doctor sees is the same on the newest kernel; that it sees it is shown with one family.
const families = repeats ? (['ipv4'] as const) : (['ipv4', 'ipv6'] as const);
const forwardings = ['dr', 'nat', 'tun'] as const;

describe.each(families)('lvskit doctor over %s', (family) => {
  describe.each(forwardings)('on a director that forwards by %s', (forwarding) => {
    let clinic: Clinic;
    beforeAll(async () => {
      clinic = await Clinic.open(forwarding, family);
    }, patience.timeout);
    afterAll(() => clinic[Symbol.asyncDispose]());

    it('finds nothing where all is well, and leaves everything as it was', patience, async () => {
      const { lab } = clinic;
      const before = await clinic.state();
      const { code, document } = await clinic.doctor();
      expect({ code, findings: document.findings }).toEqual({ code: 0, findings: [] });
      expect(document.ok).toBe(true);
      expect(document.vips.map(({ vip, here }) => ({ vip, here }))).toEqual([
        { vip: lab.vip, here: true },
      ]);
      const provesWayBack = forwarding !== 'dr';
      const trial = { path: 'connected', direct: 'connected', provesWayBack };
      expect(document.servers).toMatchObject([{ trial }, { trial }]);
      expect(await clinic.state()).toEqual({ ...before, files: ['doctor.lock'] });
      const served = [await lab.request(), await lab.request()].map(({ server }) => server);
      expect(served.sort()).toEqual(['rs1', 'rs2']);
    });

    only(forwarding === 'dr')(
      'names by MAC and RIP a server that answers for the VIP, and one without it',
      async () => {
        const { lab, rs1, rs2 } = clinic;
        if (family === 'ipv6') await rs1.addAddress(`${lab.vip}/128`, 'eth0');
        for (const link of family === 'ipv4' ? ['all', 'eth0'] : []) {
          await rs1.sysctl.write(`net.ipv4.conf.${link}.arp_ignore`, 0);
        }
        await takeVip(rs2, lab, 'lo');
        const { code, ids, of } = await clinic.doctor();
        expect({ code, ids }).toEqual({ code: 3, ids: ['vip-answered-by-others', 'vip-missing'] });
        const answers = of('vip-answered-by-others');
        expect(answers?.found).toContain(`${await macOf(rs1)} (real server ${rs1.address})`);
        expect(answers?.mend).toContain(`on ${rs1.address}: rs-setup apply --mode dr`);
        expect(of('vip-missing')?.found).toContain(`${rs2.address} (${await macOf(rs2)})`);
      },
    );

    only(forwarding === 'dr')('finds that the director does not have the VIP', async () => {
      const { lab, rs1 } = clinic;
      await takeVip(lab.director, lab, 'eth0');
      const { code, ids, of } = await clinic.doctor('--no-connect');
      await lab.director.addAddress(`${lab.vip}/${family === 'ipv4' ? 32 : 128}`, 'eth0');
      expect({ code, ids }).toEqual({ code: 3, ids: ['vip-not-here', 'vip-answered-by-others'] });
      expect(of('vip-answered-by-others')?.found).toContain(rs1.address);
    });

    only(forwarding === 'nat')(
      'names a server with a wrong gateway, one without a program, and what the director lacks',
      async () => {
        const { lab, rs1, rs2, servers } = clinic;
        const { sysctl } = lab.director;
        const inner = lab.director.addresses.find((one) => one !== lab.director.address) ?? '';
        const length = family === 'ipv4' ? 32 : 128;
        if (family === 'ipv4' && !repeats) await tryWithoutDefaultRoute(clinic, inner);
        await rs2.network.routes.replace({ destination: 'default', family, via: rs1.address });
        // It knows the director's own address, and nothing else: clients get no answer by it.
        const forwards = family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
        await rs1.sysctl.write(forwards, 1);
        const table = 200;
        const { rules, routes } = rs1.network;
        const known = { destination: `${lab.director.address}/${length}`, via: inner, table };
        await routes.replace(known);
        await routes.replace({ destination: 'default', family, type: 'unreachable', table });
        await rules.add({ from: `${rs2.address}/${length}`, table, priority: 100 });
        await servers[0]?.close();
        await sysctl.write(
          family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding',
          0,
        );
        const { code, ids, of } = await clinic.doctor('--no-wire');
        const wanted = ['server-refuses', 'gateway', 'forwarding-off'];
        expect({ code, ids }).toEqual({ code: 3, ids: wanted });
        expect(of('gateway')?.about).toContain(rs2.address);
        expect(of('gateway')?.mend).toContain(`default via ${inner}`);
        expect(of('server-refuses')?.about).toContain(rs1.address);
      },
    );

    only(forwarding === 'tun')(
      'tells a server without the VIP from one that drops, and from one that does not unpack',
      async () => {
        const { lab, rs1, rs2 } = clinic;
        const { network } = lab.director;
        const link = family === 'ipv4' ? 'tunl0' : 'ip6tnl0';
        await takeVip(rs2, lab, link);
        if (family === 'ipv4') {
          await rs1.sysctl.write('net.ipv4.conf.tunl0.rp_filter', 1);
          const dropped = await clinic.doctor('--no-wire');
          expect(dropped).toMatchObject({ code: 3, ids: ['rp-filter', 'vip-missing'] });
          expect(dropped.of('rp-filter')?.about).toContain(rs1.address);
          expect(dropped.of('vip-missing')?.about).toContain(rs2.address);
        }
        await rs1.network.links.set(link, { up: false });
        const { code, ids, of } = await clinic.doctor('--no-wire');
        expect({ code, ids }).toEqual({ code: 3, ids: ['tunnel-link', 'vip-missing'] });
        expect(of('tunnel-link')?.about).toContain(rs1.address);
        // Trials through the tunnel leave real clients the room that they had.
        for (const { address } of lab.realServers) {
          expect((await network.routes.get(address)).metrics.mtu ?? 1500).toBe(1500);
        }
      },
    );
  });
});

describe.skipIf(repeats)('lvskit doctor', () => {
  it('is cleaned up after by the next run when it is killed', patience, async () => {
    await using clinic = await Clinic.open('dr', 'ipv4');
    const { lab, rs1, rs2, root } = clinic;
    const before = await clinic.state();
    for (const server of [rs1, rs2]) await takeVip(server, lab, 'lo');
    const words = clinic.words('--no-wire', '--timeout', '90000');
    const running = execa(process.execPath, [program, ...words], { reject: false });
    const accepts = () => lab.director.sysctl.readNumber('net.ipv4.conf.eth0.accept_local');
    while ((await lab.ipvs.list()).length < 3) await delay(50);
    expect(await accepts()).toBe(1);
    running.kill('SIGKILL');
    expect((await running).signal).toBe('SIGKILL');
    const left = await clinic.state();
    expect(left.marks).toHaveLength(2);
    expect(left.files).toHaveLength(2);
    expect(await accepts()).toBe(1);

    const { ids, document } = await clinic.doctor('--no-wire');
    expect(ids).toEqual(['vip-missing', 'vip-missing']);
    // Nor does it take what was left for services.
    expect(document.servers).toHaveLength(2);
    expect(await clinic.state()).toEqual({ ...before, files: ['doctor.lock'] });
    expect(await filesBelow(root)).toEqual(['doctor.lock']);
  });

  it(
    'says in words what it sees, what is wrong, and what a configuration has besides',
    patience,
    async () => {
      await using clinic = await Clinic.open('dr', 'ipv4');
      const { lab, rs1, root } = clinic;
      const config = join(root, 'lvskit.yaml');
      const { writeFile, mkdir, symlink } = await import('node:fs/promises');
      await writeFile(
        config,
        `services:\n  - listen: tcp ${lab.vip}:81\n    forwarding: dr\n    servers: [${rs1.address}]\n`,
      );
      const wants = join(root, 'etc/systemd/system/multi-user.target.wants');
      await mkdir(wants, { recursive: true });
      await symlink('/lib/systemd/system/keepalived.service', join(wants, 'keepalived.service'));
      await lab.director.sysctl.write('net.ipv4.conf.eth0.arp_ignore', 8);
      const place = ['--netns', lab.director.netns, '--root', root];
      const { code, stdout, stderr } = await lvskit(['doctor', '--config', config, ...place]);
      expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
      const text = stdout.replaceAll(/\s+/g, ' ');
      expect(text).toContain(`${lab.vip} here, on eth0; nobody else answers on eth0`);
      expect(text).toContain(
        `error vip-silent: the director does not answer for ${lab.vip} on eth0: arp_ignore of eth0 is 8`,
      );
      expect(text).toContain(`${rs1.address}:80 dr through the director works, directly works`);
      expect(text).toContain(`error server-refuses: tcp ${lab.vip}:81 -> ${rs1.address}:81`);
      expect(text).toContain(
        `warning differs-from-config: the kernel’s table differs from ${config}`,
      );
      expect(text).toContain('warning other-program: keepalived starts with the machine');
      expect(text).toContain('1 virtual address, 3 servers: 2 errors, 2 warnings');

      const one = ['doctor', '--service', `tcp ${lab.vip}:82`, ...place];
      expect(await lvskit(one)).toMatchObject({ code: 1, stdout: '' });
      expect(await lvskit(['doctor', '--timeout', '0', ...place])).toMatchObject({ code: 2 });
    },
  );
});
