import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import { rowMaker } from '../../src/formats/ipvsadm/connection-rows.ts';
import { listConnections } from '../../src/formats/ipvsadm/connections.ts';
import { loadAddon } from '../../src/native/load.ts';
import { loadModule } from '../../src/net/modules.ts';
import { type LocalDirector, localDirector } from '../support/local-director.ts';

const vip = '10.9.0.1';
const rip = '10.9.0.2';
const vip6 = 'fd00:9::1';
const rip6 = 'fd00:9::2';
const persistence = { timeoutSeconds: 60 };

/** A director with a connection of every kind that a row of the table can be. */
async function busyDirector(): Promise<LocalDirector> {
  await loadModule('ipv6');
  const director = await localDirector(`${vip}/32`, `${rip}/32`, `${vip6}/128`, `${rip6}/128`);
  const { ipvs } = director;
  for (const [service, address, config] of [
    [{ protocol: 'tcp', address: vip, port: 80 }, rip, {}],
    [{ protocol: 'tcp', address: vip6, port: 80 }, rip6, {}],
    [{ protocol: 'tcp', address: vip, port: 443 }, rip, { persistence }],
    [{ firewallMark: 7 }, rip, { persistence }],
    [{ firewallMark: 0x12345678, family: 'ipv6' }, rip6, { persistence }],
  ] as const) {
    await ipvs.add(service, { scheduler: 'rr', ...config });
    await ipvs.addDestination(service, { address, port: 8080 }, { forwarding: 'nat' });
  }
  const phones = { protocol: 'udp', address: vip, port: 5060 } as const;
  await ipvs.add(phones, { scheduler: 'rr', persistence, persistenceEngine: 'sip' });
  await ipvs.addDestination(phones, { address: rip, port: 5060 }, { forwarding: 'nat' });
  const mixed = { protocol: 'tcp', address: vip, port: 81 } as const;
  await ipvs.add(mixed, { scheduler: 'rr' });
  await ipvs.addDestination(mixed, { address: rip6 }, { forwarding: 'tun' });

  for (const address of [rip, rip6]) await director.serve(address, 8080);
  await director.connect({ address: vip, port: 80 });
  await director.connect({ address: vip6, port: 80 });
  await director.connect({ address: vip, port: 443 });
  await director.connect({ address: vip, port: 8080, mark: 7 });
  await director.connect({ address: vip6, port: 8080, mark: 0x12345678 });
  await director.connect({ address: vip, port: 81, timeoutMs: 500 }).catch(() => undefined);
  await director.bindUdp(rip, 5060);
  const phone = await director.bindUdp(vip, 0);
  const invitation = 'INVITE sip:a@b SIP/2.0\r\nCall-ID: abc123@10.9.0.1\r\n\r\n';
  await vi.waitFor(async () => {
    phone.send(invitation, 5060, vip);
    expect((await proc(director)).toString('latin1')).toContain(' sip abc123');
  });
  return director;
}

async function proc({ netns }: LocalDirector): Promise<Buffer> {
  const file = await loadAddon().openFile(
    '/proc/thread-self/net/ip_vs_conn',
    `/run/netns/${netns}`,
  );
  const text = Buffer.alloc(65_536);
  const size = await file.read(text);
  file.close();
  return text.subarray(0, size);
}

/** The listing with rows of the addon, and with rows of what stands in for it. */
async function ours(director: LocalDirector, persistenceEngines: boolean): Promise<string[]> {
  const text = await proc(director);
  const addon = loadAddon();
  const listings = [];
  for (const makeRows of [
    (input: Buffer, output: Buffer) => addon.connectionRows(input, output, persistenceEngines),
    rowMaker(undefined, persistenceEngines),
  ]) {
    let at = 0;
    const read = async (buffer: Uint8Array) => {
      const size = text.copy(buffer, 0, at, at + 4096);
      at += size;
      return size;
    };
    let listing = '';
    for await (const piece of listConnections(read, { persistenceEngines, makeRows })) {
      listing += piece.toString('latin1');
    }
    listings.push(listing);
  }
  return listings;
}

async function theirs({ netns }: LocalDirector, words: readonly string[]): Promise<string> {
  const { stdout } = await execa('ip', ['netns', 'exec', netns, 'ipvsadm', ...words], {
    stripFinalNewline: false,
  });
  return stdout;
}

/** Time goes on between two readings. */
const withoutTime = (listing: string) => listing.replaceAll(/^(\S+ +)\d+:\d\d/gm, '$1--:--');

describe('the connection table as ipvsadm lists it', () => {
  it('is the same byte for byte, for every kind of row', async () => {
    const director = await busyDirector();
    for (const [words, engines] of [
      [['-Lnc'], false],
      [['-Lnc', '--persistent-conn'], true],
    ] as const) {
      const listing = await theirs(director, words);
      expect(listing.split('\n').length).toBeGreaterThan(12);
      expect(listing).toContain('[1234:5678::]:0');
      expect(listing).toContain('0.0.0.7:0');
      for (const own of await ours(director, engines)) {
        expect(withoutTime(own)).toBe(withoutTime(listing));
      }
    }
  });
});
