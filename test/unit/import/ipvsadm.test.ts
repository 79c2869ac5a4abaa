import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig, tableOf } from '../../../src/config/load.ts';
import { linesLeftOut, notesOf } from '../../../src/import/imported.ts';
import { importIpvsadm } from '../../../src/import/ipvsadm.ts';
import { printImported } from '../../../src/import/print.ts';
import { lvskit } from '../../support/command.ts';
import { badOnes, expectSound } from '../../support/import-corpus.ts';

const names = { hostAddress: () => undefined, servicePort: () => undefined };
const read = (text: string) => importIpvsadm(text, 'rules', names);
const tableFrom = (text: string) => tableOf(parseConfig(printImported(read(text)), 'made.yaml'));
const noteTexts = (text: string) =>
  notesOf(read(text)).map(({ place, message }) => `${place.line}:${place.column} ${message}`);

const script = `#!/bin/sh
# the director
VIP=192.0.2.10
export RIP="10.0.0.11"
IPVSADM=/sbin/ipvsadm
echo 1 > /proc/sys/net/ipv4/ip_forward
$IPVSADM -C
\${IPVSADM} -A -t $VIP:80 -s wlc -p 300
  sudo ipvsadm -a -t \${VIP}:80 -r $RIP -g -w 2 2>/dev/null   # the first
/usr/sbin/ipvsadm -a -t $VIP:80 -r 10.0.0.12:8080 \\
    -m -x 100 -y 80
`;

const corpus = ['init-script.sh', 'saved.rules', 'by-hand.txt'];

describe('importing rules of ipvsadm', () => {
  it.each(corpus)('makes of %s what lvskit takes, and forgets no word', async (name) => {
    const file = `test/data/import/ipvsadm/${name}`;
    const imported = importIpvsadm(readFileSync(file, 'latin1'), file, names);
    expectSound(imported);
    await expect(printImported(imported)).toMatchFileSnapshot(
      `../../data/import/expected/ipvsadm/${name}.expected`,
    );
  });

  it.each(badOnes('ipvsadm', '.sh'))('refuses $file at its place', ({ file, text, error }) => {
    expect(() => importIpvsadm(text, file, names)).toThrow(error);
  });

  it('makes the table that the rules make', () => {
    const table = tableFrom(
      '-A -t 192.0.2.10:80 -s rr -p 300\n-a -t 192.0.2.10:80 -r 10.0.0.11:80 -g -w 2\n' +
        '-A -f 101 -6 -s mh -b mh-port\n-a -f 101 -6 -r [2001:db8::11]:0 -i -w 1\n',
    );
    expect(table).toMatchObject([
      {
        key: { protocol: 'tcp', address: '192.0.2.10', port: 80 },
        persistence: { timeoutSeconds: 300 },
        destinations: [{ key: { address: '10.0.0.11', port: 80 }, forwarding: 'dr', weight: 2 }],
      },
      { key: { firewallMark: 101 }, schedulerFlags: ['mh-port'] },
    ]);
  });

  it('follows a script: its variables, its lines that go on, its paths to ipvsadm', () => {
    expect(tableFrom(script)).toMatchObject([
      {
        key: { address: '192.0.2.10', port: 80 },
        scheduler: 'wlc',
        destinations: [
          { key: { address: '10.0.0.11', port: 80 }, weight: 2, forwarding: 'dr' },
          { key: { address: '10.0.0.12', port: 8080 }, upperThreshold: 100, lowerThreshold: 80 },
        ],
      },
    ]);
    expect(noteTexts(script)).toEqual(['6:1 it is no rule of ipvsadm']);
  });

  it('says of each service and server where it comes from', () => {
    const [item] = read(script).items.slice(-1);
    expect(item).toMatchObject({
      type: 'service',
      service: { place: { line: 8 }, servers: [{ place: { line: 9 } }, { place: { line: 10 } }] },
    });
    expect(printImported(read(script))).toContain('  # rules:8\n  - listen: tcp 192.0.2.10:80\n');
  });

  it('follows edits and removals, and notes those of what is not there', () => {
    const rules =
      '-D -t 192.0.2.10:80\n-A -t 192.0.2.10:80 -s rr\n-E -t 192.0.2.10:80 -s sh -b sh-port\n' +
      '-a -t 192.0.2.10:80 -r 10.0.0.11 -g\n-d -t 192.0.2.10:80 -r 10.0.0.11\n';
    expect(tableFrom(rules)).toMatchObject([{ schedulerFlags: ['sh-port'], destinations: [] }]);
    expect(noteTexts(rules)).toEqual([
      '1:1 it removes nothing: there is no service tcp 192.0.2.10:80',
    ]);
  });

  it('does not let the part of a script that stops clear what the part that starts has added', () => {
    const rules = '-A -t 192.0.2.10:80 -s rr\n-C\n';
    expect(tableFrom(rules)).toHaveLength(1);
    expect(noteTexts(rules)).toEqual([
      '2:1 it would take away all that stands above, and is not followed',
    ]);
  });

  it('notes what is no part of a table: time-outs, sync daemons, counters, what only shows', () => {
    const rules =
      '--set 900 120 300\n--start-daemon master --mcast-interface eth1\n-Z\nipvsadm -Ln\nmodprobe ip_vs\n';
    const imported = read(rules);
    expect(linesLeftOut(imported)).toBe(5);
    expect(printImported(imported)).toContain('# rules:1: --set 900 120 300\n');
    expect(printImported(imported)).toContain('\nservices: []\n');
  });

  it('shows what lvskit refuses as a comment, and keeps the rest', () => {
    const rules =
      '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.10:80 -g\n' +
      '-a -t 192.0.2.10:80 -r 10.0.0.11:80 -g\n';
    expect(tableFrom(rules)).toMatchObject([{ destinations: [{ key: { address: '10.0.0.11' } }] }]);
    expect(printImported(read(rules))).toMatch(/# rules:2: server: .*192\.0\.2\.10/);
  });

  it('refuses what is wrong, with its place', () => {
    const refused = (text: string) => {
      try {
        return printImported(read(text));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refused('\n  -A -t 192.0.2.10:80 -s rr -w 1\n')).toMatch(/^rules:2:3: Illegal 'weight'/);
    expect(refused('-a -t 192.0.2.10:80 -r 10.0.0.11\n')).toMatch(
      /^rules:1:1: there is no service/,
    );
    expect(refused('ipvsadm -A -t $VIP:80\n')).toBe(
      'rules:1:1: $VIP has no plain value here: write what it stands for',
    );
    expect(refused('-A -f 5\n-A -f 5\n')).toMatch(
      /^rules:2:1: service fwmark 5 was added in line 1/,
    );
  });

  it('accounts for every word', () => {
    for (const text of [script, '-A -f 5\n-Z\n', '']) {
      const { words } = read(text);
      expect(words.filter(({ fate }) => fate === 'forgotten')).toEqual([]);
      const bare = text.replace(/(^|\s)#.*/g, '$1').replaceAll(/\\\n/g, '  ');
      expect(words.map((word) => word.text)).toEqual(bare.match(/\S+/g) ?? []);
    }
  });
});

describe('lvskit import ipvsadm', () => {
  const piped = (text: string, ...words: string[]) =>
    lvskit(['import', 'ipvsadm', ...words, '-'], { stdin: stream(text) });
  async function* stream(text: string) {
    yield Buffer.from(text);
  }

  it('prints a configuration, and tells on the side what has no equal', async () => {
    const { code, stdout, stderr } = await piped('-A -f 5 -s rr\n--set 1 2 3\n');
    expect(code).toBe(0);
    expect(stdout).toContain('  - listen: fwmark 5\n    scheduler: rr\n');
    expect(stderr).toBe(
      'imported 1 service with 0 servers from standard input\n' +
        'lvskit: warning: 1 line without an equal, in comments\n',
    );
  });

  it('ends with 3 for that when it is strict, and with 2 for what it cannot read', async () => {
    expect((await piped('--set 1 2 3\n', '--strict')).code).toBe(3);
    expect((await piped('-A -f 5\n', '--strict')).code).toBe(0);
    const wrong = await piped('-A -q\n');
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toContain('standard input:1:1: ');
  });

  it('reports as a document', async () => {
    const { stdout } = await piped('-A -f 5 -s rr\n--set 1 2 3\n', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      from: 'ipvsadm',
      services: 1,
      servers: 0,
      linesLeftOut: 1,
      notes: [{ kind: 'left-out', line: 2, column: 1, source: ['--set 1 2 3'] }],
      config: { services: [{ listen: 'fwmark 5', scheduler: 'rr' }] },
    });
  });
});
