import { probe } from '../net/arp.ts';
import type { AddressFamily } from '../net/ip.ts';
import { NetworkNamespace } from '../net/namespace.ts';
import { solicit } from '../net/ndp.ts';
import { NetworkError } from '../net/network-error.ts';
import { confName } from './facts.ts';
import type { KernelHost } from './kernel-host.ts';
import { familyOf } from './settings.ts';

/** Names of the namespaces that ask begin with it; a number of a process follows. */
const prefix = 'rs-setup-verify-';
/** One for each process, since several may look at the same time. */
const near = `lvs-p${process.pid}`;
const far = 'lvs-ask';
const listenMs = 250;
/** How often to ask for the control address: a cable carries nothing for a moment after it was laid. */
const controlAttempts = 8;

/** Addresses of the near end, which has to answer for them: what shows that answers are heard. */
const controls: Readonly<Record<AddressFamily, string>> = {
  ipv4: '169.254.253.82/32',
  ipv6: 'fe80::82/64',
};

/** All that the kernel goes by when it decides whether to answer ARP on a link. */
const conduct = ['arp_ignore', 'arp_filter', 'proxy_arp', 'proxy_arp_pvlan', 'rp_filter'];

/**
 * Asks this machine's own kernel who has the VIP. What a machine sends itself it never hears on its
 * own interface, so a cable is laid to a namespace for the time being, its near end is given the
 * ARP sysctls of the interface, and the question comes in there.
 */
export class Rehearsal implements AsyncDisposable {
  readonly #host: KernelHost;
  readonly #namespace: NetworkNamespace;

  private constructor(host: KernelHost, namespace: NetworkNamespace) {
    this.#host = host;
    this.#namespace = namespace;
  }

  /** @throws NetworkError, above all `NETWORK_NOT_PERMITTED`. */
  static async open(host: KernelHost): Promise<Rehearsal> {
    await removeLeftovers();
    const namespace = await NetworkNamespace.create(`${prefix}${process.pid}`);
    try {
      const { links, addresses } = host.network;
      await links.add({
        kind: 'veth',
        name: near,
        peer: { name: far, netns: namespace.name, up: true },
      });
      const rehearsal = new Rehearsal(host, namespace);
      await links.set(near, { up: true });
      await addresses.add({ link: near, address: controls.ipv4, scope: 'link' });
      if (await rehearsal.#hasIpv6()) {
        await addresses.add({ link: near, address: controls.ipv6, flags: ['nodad'] });
      }
      return rehearsal;
    } catch (error) {
      await namespace.remove();
      throw error;
    }
  }

  /**
   * Which of the VIPs this machine would answer for on an interface.
   *
   * @throws Error when the cable proves deaf, so that silence would mean nothing.
   */
  async answered(link: string, vips: readonly string[]): Promise<readonly string[]> {
    await this.#imitate(link);
    const hasIpv6 = await this.#hasIpv6();
    const asked = vips.filter((vip) => familyOf(vip) === 'ipv4' || hasIpv6);
    for (const family of new Set(asked.map(familyOf))) {
      const control = controls[family].slice(0, controls[family].indexOf('/'));
      if (!(await this.#isHeard(control))) {
        throw new Error(`the test link does not even answer for its own ${family} address`);
      }
    }
    const answers = await Promise.all(asked.map((vip) => this.#isAnswered(vip)));
    return asked.filter((_, index) => answers[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The cable goes with either end.
    await this.#host.network.links.remove(near).catch((error: unknown) => {
      if (!(error instanceof NetworkError && error.code === 'NETWORK_NO_DEVICE')) throw error;
    });
    await this.#namespace.remove();
  }

  async #imitate(link: string): Promise<void> {
    const { sysctl } = this.#host;
    for (const name of conduct) {
      await sysctl.write(
        confName('ipv4', near, name),
        await sysctl.read(confName('ipv4', link, name)),
      );
    }
  }

  async #isHeard(control: string): Promise<boolean> {
    for (let attempt = 0; attempt < controlAttempts; attempt++) {
      if (await this.#isAnswered(control)) return true;
    }
    return false;
  }

  async #isAnswered(target: string): Promise<boolean> {
    const { name } = this.#namespace;
    const question = { netns: name, link: far, target, timeoutMs: listenMs, first: true };
    const answers = await (familyOf(target) === 'ipv4' ? probe(question) : solicit(question));
    return answers.length > 0;
  }

  async #hasIpv6(): Promise<boolean> {
    try {
      const name = confName('ipv6', near, 'disable_ipv6');
      return (await this.#host.sysctl.read(name)) === '0';
    } catch {
      return false;
    }
  }
}

/** Namespaces of runs that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const namespace of await NetworkNamespace.list()) {
    const pid = Number(namespace.name.slice(prefix.length));
    if (!namespace.name.startsWith(prefix) || !Number.isInteger(pid) || isAlive(pid)) continue;
    await namespace.remove();
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
