import { Ipvs } from '../../../src/index.ts';
import { NetworkNamespace } from '../../../src/net/namespace.ts';
import { Network } from '../../../src/net/network.ts';
import { plainTable } from '../../support/scratch-table.ts';

let made = 0;

/** A fresh namespace with these dummy links; what `use` returns, after it is gone. */
export async function inFreshSpace<Result>(
  links: readonly string[],
  use: (netns: NetworkNamespace) => Promise<Result>,
): Promise<Result> {
  const netns = await NetworkNamespace.create(`lvskit-peer-${process.pid}-${++made}`);
  try {
    if (links.length > 0) {
      await using network = await Network.open({ netns: netns.name });
      for (const name of links) await network.links.add({ kind: 'dummy', name, up: true });
    }
    return await use(netns);
  } finally {
    await netns.remove();
  }
}

/** Everything in a namespace's table as the library reads it, a line for each thing. */
export async function tableLines(netns: string): Promise<string[]> {
  await using ipvs = await Ipvs.open({ netns });
  const services = (await plainTable(ipvs)).flatMap(({ destinations, ...service }) => [
    service,
    ...destinations,
  ]);
  const settings = [await ipvs.timeouts(), ...(await ipvs.syncDaemons())];
  return [...services, ...settings].map((one) => `library: ${JSON.stringify(one)}`);
}
