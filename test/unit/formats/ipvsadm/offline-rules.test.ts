import { describe, expect, it } from 'vitest';
import { tableOfRules } from '../../../../src/formats/ipvsadm/offline-rules.ts';

const names = { hostAddress: () => undefined, servicePort: () => undefined };
const tableOf = (text: string) => tableOfRules(Buffer.from(text), { names });

describe('the table that rules make', () => {
  it('has nothing of a line in the next', () => {
    const { table, problems } = tableOf(
      '-A -t 192.0.2.10:80 -s wlc -p 300\n-A -t 192.0.2.11:80 -s rr\n' +
        '-A -f 5 -s rr\n-A -t 192.0.2.12:80 -s rr\n' +
        '-a -f 5 -r 10.0.0.11 -i -x 10 --tun-type gre\n-a -t 192.0.2.12:80 -r 10.0.0.12:80 -i -w 1\n',
    );
    expect(problems).toEqual([]);
    expect(table).toMatchObject([
      { key: { address: '192.0.2.10' }, scheduler: 'wlc', persistence: { timeoutSeconds: 300 } },
      { key: { address: '192.0.2.11' }, scheduler: 'rr', persistence: undefined },
      { key: { firewallMark: 5 }, destinations: [{ upperThreshold: 10 }] },
      {
        key: { protocol: 'tcp', address: '192.0.2.12', port: 80 },
        destinations: [{ upperThreshold: 0, tunnel: { type: 'ipip' } }],
      },
    ]);
  });
});
