import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalTable, sortedTable, tableDefinitionOf } from '../../src/ipvs/table-definition.ts';
import { applyPlan } from '../../src/reconcile/apply.ts';
import { planChanges } from '../../src/reconcile/plan.ts';
import { asNobody } from '../support/as-nobody.ts';
import { lvskit, type Outcome } from '../support/command.ts';
import { localDirector } from '../support/local-director.ts';
import { removeScratchTables, type ScratchTable, scratchTable } from '../support/scratch-table.ts';
import { tables } from '../support/table-arbitraries.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-commands-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
removeScratchTables();

/** A table, and a way to run commands on it. */
interface Commanded extends ScratchTable {
  run(line: string, ...more: readonly string[]): Promise<Outcome>;
  file(name: string, ...lines: readonly string[]): Promise<string>;
}

async function commanded(): Promise<Commanded> {
  const table = await scratchTable();
  return {
    ...table,
    run: (line, ...more) => lvskit([...line.split(' '), ...more, '--netns', table.name]),
    file: async (name, ...lines) => {
      const path = join(folder, name);
      await writeFile(path, `${lines.join('\n')}\n`);
      return path;
    },
  };
}

const done = (stdout: string): Outcome => ({ code: 0, stdout, stderr: '' });
const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

describe('lvskit add, edit and remove', () => {
  it('change the table, and say what they changed as the kernel has it', async () => {
    const { run, ipvs } = await commanded();
    expect(
      await run('add service tcp 192.0.2.1:80 --scheduler wlc --persistence 5m --netmask 24'),
    ).toEqual(done('+ service tcp 192.0.2.1:80: scheduler wlc, persistence 300s by netmask 24\n'));
    expect(
      await run('add destination tcp 192.0.2.1:80 10.0.0.11 --weight 2 --forwarding dr'),
    ).toEqual(done('~ service tcp 192.0.2.1:80\n+   destination 10.0.0.11:80: dr, weight 2\n'));
    expect(
      await run(
        'add destination tcp 192.0.2.1:80 10.0.0.12 -f tun --tunnel gue --tunnel-port 6080 --upper-threshold 9',
      ),
    ).toMatchObject({ code: 0 });
    expect(await run('edit service tcp 192.0.2.1:80 --persistence 10m')).toEqual(
      done('~ service tcp 192.0.2.1:80: persistence 300s by netmask 24 -> 600s by netmask 24\n'),
    );
    expect(
      await run('edit destination tcp 192.0.2.1:80 10.0.0.12 --tunnel-checksum full --weight 0'),
    ).toEqual(
      done(
        '~ service tcp 192.0.2.1:80\n~   destination 10.0.0.12:80: weight 1 -> 0, tunnel gue port 6080 -> gue port 6080 checksum full\n',
      ),
    );
    expect(await run('edit destination tcp 192.0.2.1:80 10.0.0.12 --weight 0')).toEqual(
      done('it was so already\n'),
    );
    expect(await ipvs.find(web)).toMatchObject({
      scheduler: 'wlc',
      persistence: { timeoutSeconds: 600, netmask: 24 },
    });
    expect(await run('edit service tcp 192.0.2.1:80 --persistence none -s rr')).toMatchObject({
      stdout:
        '~ service tcp 192.0.2.1:80: scheduler wlc -> rr, persistence 600s by netmask 24 -> none\n',
    });
    expect(await run('remove destination tcp 192.0.2.1:80 10.0.0.12')).toEqual(
      done('~ service tcp 192.0.2.1:80\n-   destination 10.0.0.12:80\n'),
    );
    expect(await run('remove service tcp 192.0.2.1:80')).toEqual(
      done('- service tcp 192.0.2.1:80, with its 1 destination\n'),
    );
    expect(await ipvs.list()).toEqual([]);
  });

  it('take services of every kind', async () => {
    const { run, ipvs } = await commanded();
    expect(await run('add service fwmark 7 ipv6')).toMatchObject({ code: 0 });
    expect(await run('add destination fwmark 7 ipv6 2001:db8::11')).toMatchObject({ code: 0 });
    expect(
      await run('add service udp [2001:DB8::1]:53 --one-packet -s sh --scheduler-flags sh-port'),
    ).toMatchObject({ code: 0 });
    expect(
      await run('add destination udp [2001:db8::1]:53 [2001:db8::12]:5353 -f nat'),
    ).toMatchObject({ code: 0 });
    expect(
      await run('edit service udp [2001:db8::1]:53 --no-one-packet --scheduler-flags none'),
    ).toEqual(
      done(
        '~ service udp [2001:db8::1]:53: flags sh-port -> none, one packet at a time yes -> no\n',
      ),
    );
    expect(
      await lvskit(['add', 'service', 'sctp 192.0.2.1:9', '--netns', (await commanded()).name]),
    ).toMatchObject({ code: 0 });
    const [first, second] = sortedTable(await ipvs.list());
    expect(first?.destinations[0]?.key).toEqual({ address: '2001:db8::12', port: 5353 });
    expect(second?.destinations[0]?.key).toEqual({ address: '2001:db8::11', port: 0 });
  });

  it('show it as a document', async () => {
    const { run } = await commanded();
    const { stdout } = await run('add service fwmark 7 -o json');
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      applied: true,
      services: { add: 1, edit: 0, remove: 0 },
      destinations: { add: 0, edit: 0, remove: 0 },
      changes: [
        {
          action: 'add',
          service: 'fwmark 7',
          after: { scheduler: 'wlc', schedulerFlags: [], onePacket: false },
        },
      ],
    });
    expect((await run('edit service fwmark 7 -s rr -o yaml')).stdout).toContain(
      'changes:\n  - action: edit\n    service: fwmark 7\n',
    );
  });

  it.each([
    ['add service tcp 192.0.2.1', 2, 'service "tcp 192.0.2.1" must read like'],
    ['add service tcp 192.0.2.1:0', 2, 'service port 0 (every port) needs persistence'],
    ['add service tcp 192.0.2.1:80 --one-packet', 2, 'onePacket is for udp'],
    ['add service tcp 192.0.2.1:80 --netmask 24', 2, '--netmask has no meaning without'],
    ['add service tcp 192.0.2.1:80 -p 300', 2, 'It must be a duration in whole seconds'],
    ['add service tcp 192.0.2.1:80 -s best', 1, 'this kernel has no scheduler best'],
    ['add service tcp 192.0.2.1:80 --scheduler-flags sh-port', 2, 'scheduler flag sh-port is for'],
    [
      'edit service tcp 192.0.2.1:80 -s rr',
      1,
      'cannot edit service tcp 192.0.2.1:80: there is no such service',
    ],
    ['edit service tcp 192.0.2.1:80', 2, 'nothing to change was given'],
    ['remove service tcp 192.0.2.1:80', 1, 'there is no such service'],
    ['add destination tcp 192.0.2.1:80', 2, 'the destination is missing'],
    ['add destination tcp 192.0.2.1:80 rs1', 2, 'destination "rs1" must be an address'],
    ['add destination tcp 192.0.2.1:80 10.0.0.1', 1, 'there is no such service'],
    ['add destination tcp 192.0.2.1:80 10.0.0.1:81', 2, "must be the service's, 80"],
    ['add destination tcp 192.0.2.1:80 10.0.0.1 -w -1', 2, 'It must be a whole number'],
    [
      'add destination tcp 192.0.2.1:80 10.0.0.1 --tunnel gue',
      2,
      '--tunnel gue needs --tunnel-port',
    ],
    ['add destination tcp 192.0.2.1:80 10.0.0.1 --tunnel gre', 2, 'tunnel is for forwarding tun'],
    ['add destination tcp 192.0.2.1:80 10.0.0.1 --lower-threshold 5', 2, 'must not be above'],
    ['add', 2, 'Usage: lvskit add'],
    ['add nothing', 2, "unknown command 'nothing'"],
  ])('answer %j with %i and why, and change nothing', async (line, code, message) => {
    const { run, ipvs } = await commanded();
    const { code: answered, stdout, stderr } = await run(line);
    expect({ answered, stdout }).toEqual({ answered: code, stdout: '' });
    expect(stderr).toContain(message);
    expect(await ipvs.list()).toEqual([]);
  });

  it('say that the network namespace is missing', async () => {
    const outcome = await lvskit(['save', '--netns', 'no-such-namespace']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('there is no such network namespace');
  });
});

describe('any command line', () => {
  it('is answered without a fault of ours, and with one of the documented codes', async () => {
    const { name } = await commanded();
    const word = fc.oneof(
      fc.constantFrom(
        ...['add', 'edit', 'remove', 'service', 'destination', 'save', 'flush', '--yes', 'fwmark'],
        ...['tcp', 'udp', '192.0.2.1:80', '10.0.0.1', '7', 'ipv6', '-s', 'rr', '-p', '5m', '-w'],
        ...['--netmask', '24', '-f', 'nat', 'dr', 'tun', '--tunnel', 'gue', '-o', 'json', '--help'],
        ...['--engine', 'sip', '--one-packet', '--no-one-packet', '--', '-', '=', 'none', ''],
      ),
      fc.string({ maxLength: 5 }).filter((text) => !text.startsWith('-') && !text.includes('/')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 8 }), async (words) => {
        // What `-o` names would be a file of save.
        const line = words[0] === 'save' ? words.filter((one) => one !== '-o') : words;
        const { code, stderr } = await lvskit([...line, '--netns', name]);
        expect([0, 1, 2]).toContain(code);
        expect(stderr).not.toMatch(/^ +at /m);
      }),
      { numRuns: 300 },
    );
  });
});

describe('lvskit flush', () => {
  it('refuses without --yes, and says how much it would remove', async () => {
    const { run, ipvs } = await commanded();
    await ipvs.add(web);
    await ipvs.addDestination(web, { address: '10.0.0.1' });
    expect(await run('flush')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'lvskit: flush would remove 1 service with 1 destination, and drop their connections; add --yes to do it\n',
    });
    expect(await ipvs.list()).toHaveLength(1);
    expect(await run('flush --yes')).toEqual(done('removed 1 service with 1 destination\n'));
    expect(await run('flush')).toEqual(done('the table is empty\n'));
  });
});

describe('lvskit save and restore', () => {
  it.each(['yaml', 'json'])('carry every table over, as %s', async (format) => {
    const from = await commanded();
    const to = await commanded();
    await fc.assert(
      fc.asyncProperty(tables({ schedulers: ['rr', 'wlc', 'sh'] }), async (table) => {
        await applyPlan(from.ipvs, planChanges(await from.ipvs.list({ consistent: true }), table));
        const file = join(folder, `table.${format}`);
        expect(await from.run('save -o', file)).toMatchObject({ code: 0, stdout: '' });
        expect(await to.run('restore --replace', file)).toMatchObject({ code: 0, stderr: '' });
        const settings = async ({ ipvs }: Commanded) =>
          tableDefinitionOf(sortedTable(await ipvs.list({ consistent: true })));
        expect(await settings(to)).toEqual(await settings(from));
        expect(await to.run('restore --replace', file)).toEqual(done('nothing to change\n'));
        expect((await to.run('save --format', format)).stdout).toBe(await readFile(file, 'utf8'));
      }),
      { numRuns: 15 },
    );
  });

  it('carry rules over, and say what rules leave out', async () => {
    const from = await commanded();
    const to = await commanded();
    await from.ipvs.add(web, { scheduler: 'rr' });
    await from.ipvs.addDestination(web, { address: '10.0.0.1' }, { weight: 2, upperThreshold: 5 });
    const { stdout, stderr, code } = await from.run('save --format ipvsadm');
    expect({ stdout, code }).toEqual({
      code: 0,
      stdout: '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 2\n',
    });
    expect(stderr).toBe(
      'lvskit: warning: ipvsadm rules leave out the thresholds of 1 destination; --format yaml keeps them\n',
    );
    const file = await to.file('rules', stdout.trimEnd());
    expect(await to.run('restore', file)).toEqual(
      done('2 changes made: add 1 service and 1 destination\n'),
    );
    await from.ipvs.addDestination(web, { address: '10.0.0.2' }, { forwarding: 'bypass' });
    const refused = await from.run('save --format ipvsadm');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('no word for forwarding bypass, which 10.0.0.2:80 of tcp');
  });

  it('add and edit without --replace, and leave the rest', async () => {
    const { run, file, ipvs } = await commanded();
    await ipvs.add({ firewallMark: 1 });
    await ipvs.add(web, { scheduler: 'rr' });
    await ipvs.addDestination(web, { address: '10.0.0.9' });
    const yaml = await file(
      'some.yaml',
      'services:',
      '  - { listen: tcp 192.0.2.1:80, scheduler: sh, servers: [10.0.0.1] }',
    );
    expect(await run('restore', yaml)).toEqual(
      done('2 changes made: add 1 destination, edit 1 service\n'),
    );
    expect(await ipvs.list()).toHaveLength(2);
    expect((await ipvs.find(web))?.destinations).toHaveLength(2);
    expect(await run('restore --replace --dry-run', yaml)).toEqual(
      done(
        `- service fwmark 1
~ service tcp 192.0.2.1:80
-   destination 10.0.0.9:80
would remove 1 service and 1 destination
`,
      ),
    );
    expect(await ipvs.list()).toHaveLength(2);
    const { stdout } = await run('restore --replace -o json', yaml);
    expect(JSON.parse(stdout)).toMatchObject({
      applied: true,
      services: { remove: 1 },
      destinations: { remove: 1 },
    });
    const rules = await file('rules', '-d -t 192.0.2.1:80 -r 10.0.0.1:80', '-A -f 2 -s rr');
    expect(await run('restore', rules)).toEqual(
      done('2 changes made: add 1 service, remove 1 destination\n'),
    );
  });

  it('change nothing when the kernel refuses a part, and tell what', async () => {
    const { run, file, ipvs } = await commanded();
    await ipvs.add(web, { scheduler: 'rr' });
    const rules = await file(
      'rules',
      '-A -t 192.0.2.1:80 -s wrr',
      '-A -f 3 -s rr',
      '-a -f 3 -r 224.0.0.1:80 -g -w 1',
    );
    const { code, stdout, stderr } = await run('restore --replace', rules);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('cannot add destination 224.0.0.1:80 to fwmark 3: ');
    expect(stderr).toContain('everything was put back (2 changes): the table is as it was\n');
    expect(tableDefinitionOf(sortedTable(await ipvs.list()))).toEqual(
      tableDefinitionOf(canonicalTable([{ key: web, config: { scheduler: 'rr' } }])),
    );
  });

  it('change nothing when the file is wrong, and name the line', async () => {
    const { run, file, ipvs } = await commanded();
    await ipvs.add(web);
    const rules = await file('rules', '-A -f 3 -s rr', '-a -f 4 -r 10.0.0.1 -g', '-A -f x');
    const wrong = await run('restore --replace', rules);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain(`${rules}:2: there is no service fwmark 4\n${rules}:3: `);
    const yaml = await file('a.yaml', 'services:', '  - { listen: fwmark 3, prot: tcp }');
    const unknown = await run('restore --replace', yaml);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('a.yaml:2:25: unknown key "prot"');
    expect(await ipvs.list()).toHaveLength(1);
  });

  it('restore while a connection goes on, which does not notice', async () => {
    const { ipvs, netns, serve, connect } = await localDirector('10.9.0.1/32', '10.9.0.2/32');
    const service = { protocol: 'tcp', address: '10.9.0.1', port: 80 } as const;
    await serve('10.9.0.2', 8080);
    await ipvs.add(service, { scheduler: 'rr' });
    await ipvs.addDestination(service, { address: '10.9.0.2', port: 8080 }, { forwarding: 'nat' });
    await ipvs.add({ firewallMark: 9 });
    const socket = await connect({ address: '10.9.0.1', port: 80 });
    const file = join(folder, 'lvskit.yaml');
    await writeFile(
      file,
      'services: [{ listen: "tcp 10.9.0.1:80", scheduler: wlc, forwarding: nat, servers: ["10.9.0.2:8080", 10.9.0.3] }]',
    );
    const outcome = await lvskit(['restore', '--replace', file, '--netns', netns]);
    expect(outcome).toEqual(
      done('3 changes made: add 1 destination, edit 1 service, remove 1 service\n'),
    );
    socket.write('still there');
    const [data] = await once(socket, 'data');
    expect(String(data)).toBe('still there');
    const destinations = (await ipvs.find(service))?.destinations ?? [];
    expect(destinations.map((one) => one.activeConnections).sort()).toEqual([0, 1]);
  });

  it('read what is piped in', async () => {
    const { name, ipvs } = await commanded();
    const stdin = (async function* () {
      yield Buffer.from('-A -f 1 -s rr\n-A -f');
      yield Buffer.from(' 2 -s rr');
    })();
    expect(await lvskit(['restore', '--netns', name], { stdin })).toEqual(
      done('2 changes made: add 2 services\n'),
    );
    expect(await ipvs.list()).toHaveLength(2);
  });

  it('answer any file, or none, without a fault of their own, and all or nothing', async () => {
    const { name, ipvs } = await commanded();
    await ipvs.add(web, { scheduler: 'rr' });
    await ipvs.addDestination(web, { address: '10.0.0.1' }, { weight: 3 });
    const word = fc.constantFrom(
      ...['-A', '-a', '-E', '-e', '-d', '-D', '-C', '-t', '192.0.2.1:80', '-f', '1', '-r', '\r'],
      ...['10.0.0.1', '-s', 'rr', '-w', '5', '-g', '-m', '-p', '#', '-L', 'ipvsadm', '--', '-x'],
    );
    const lines = fc.array(
      fc.array(word, { maxLength: 8 }).map((words) => words.join(' ')),
      {
        maxLength: 6,
      },
    );
    const bytes = fc.oneof(
      lines.map((all) => Buffer.from(all.join('\n'))),
      fc.uint8Array({ maxLength: 60 }).map((all) => Buffer.from(all)),
      fc.string({ unit: 'binary', maxLength: 60 }).map((all) => Buffer.from(`services: ${all}`)),
    );
    const settings = async () =>
      JSON.stringify(tableDefinitionOf(sortedTable(await ipvs.list({ consistent: true }))));
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (piped, replace) => {
        const before = await settings();
        const stdin = (async function* () {
          yield piped;
        })();
        const words = ['restore', '--netns', name, ...(replace ? ['--replace'] : [])];
        const { code, stdout, stderr } = await lvskit(words, { stdin });
        expect([0, 1, 2]).toContain(code);
        expect(stderr).not.toMatch(/^ +at /m);
        expect(code === 0 ? stdout : stderr).not.toBe('');
        if (code !== 0) expect(await settings()).toBe(before);
      }),
      { numRuns: 200 },
    );
  });

  it('need permission, and say so', async () => {
    await asNobody(async () => {
      const outcome = await lvskit(['save']);
      expect(outcome).toMatchObject({ code: 77, stdout: '' });
      expect(outcome.stderr).toContain('not permitted');
    });
  });
});
