import { describe, expect, it } from 'vitest';
import { asNobody } from '../support/as-nobody.ts';
import { lvskit } from '../support/command.ts';
import { type LocalDirector, localDirector } from '../support/local-director.ts';
import { ownConnection } from '../support/own-connection.ts';

const vip = '10.9.0.1';
const rips = ['10.9.0.2', '10.9.0.3'] as const;

/** A director with four connections to a service of two real servers, and one to a persistent one. */
async function director(): Promise<{
  readonly made: LocalDirector;
  readonly run: (...words: readonly string[]) => ReturnType<typeof lvskit>;
}> {
  const made = await localDirector(`${vip}/32`, ...rips.map((rip) => `${rip}/32`));
  const { ipvs, netns } = made;
  const web = { protocol: 'tcp', address: vip, port: 80 } as const;
  await ipvs.add(web, { scheduler: 'rr' });
  for (const address of rips) {
    await made.serve(address, 8080);
    await ipvs.addDestination(web, { address, port: 8080 }, { forwarding: 'nat' });
  }
  const secure = { ...web, port: 443 } as const;
  await ipvs.add(secure, { scheduler: 'rr', persistence: { timeoutSeconds: 60 } });
  await ipvs.addDestination(secure, { address: rips[0], port: 8080 }, { forwarding: 'nat' });
  for (let count = 0; count < 4; count++) await made.connect({ address: vip, port: 80 });
  await made.connect({ address: vip, port: 443 });
  return { made, run: (...words) => lvskit(['connections', '--netns', netns, ...words]) };
}

/** The words of a document for each line. */
function documents(text: string): { readonly [name: string]: unknown }[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('lvskit connections', () => {
  it('shows every connection of the kernel', async () => {
    const { run } = await director();
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [heading = '', ...rows] = stdout.trimEnd().split('\n');
    expect(heading).toMatch(/^protocol +expires +state +client +virtual +destination +notes$/);
    expect(rows).toHaveLength(6);
    const ordinary = rows.filter((row) => !row.endsWith('  template'));
    expect(ordinary).toHaveLength(5);
    for (const row of ordinary) {
      expect(row).toMatch(
        /^tcp +14:\d\d {2}ESTABLISHED {2}10\.9\.0\.1:\d+ +10\.9\.0\.1:(80|443) +10\.9\.0\.[23]:8080$/,
      );
    }
  });

  it('shows those that fit every filter, one document to a line', async () => {
    const { run } = await director();
    for (const [words, count] of [
      [[], 6],
      [['--server', '10.9.0.2'], 4],
      [['--server', '10.9.0.3:8080'], 2],
      [['--service', 'tcp', `${vip}:443`], 2],
      [['--service', `tcp ${vip}:443`, '--state', 'established'], 1],
      [['--client', '10.9.0.0/16', '--protocol', 'tcp'], 6],
      [['--client', '10.8.0.0/16'], 0],
      [['--protocol', 'udp'], 0],
    ] as const) {
      const { code, stdout } = await run('-o', 'json', ...words);
      expect(code).toBe(0);
      expect([words, documents(stdout).length]).toEqual([words, count]);
    }
    const { stdout } = await run(
      '-o',
      'json',
      '--service',
      'tcp',
      `${vip}:443`,
      '--state',
      'ESTABLISHED',
    );
    expect(documents(stdout)).toEqual([
      {
        version: 1,
        protocol: 'tcp',
        client: { address: vip, port: expect.any(Number) },
        virtual: { address: vip, port: 443 },
        destination: { address: '10.9.0.2', port: 8080 },
        state: 'ESTABLISHED',
        expiresSeconds: expect.any(Number),
        template: false,
      },
    ]);
    const yaml = await run('-o', 'yaml', '--service', 'tcp', `${vip}:443`);
    expect(yaml.stdout.split('---\nversion: 1\n')).toHaveLength(3);
  });

  it('counts them', async () => {
    const { run } = await director();
    expect(await run('--count-by', 'server')).toEqual({
      code: 0,
      stderr: '',
      stdout: `real server    connections  templates
10.9.0.2:8080            3          1
10.9.0.3:8080            2          0
in all                   5          1
`,
    });
    const { stdout } = await run('--count-by', 'service', '--server', '10.9.0.2', '-o', 'json');
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      by: 'service',
      connections: 3,
      templates: 1,
      counts: [
        { value: `tcp ${vip}:80`, connections: 2, templates: 0 },
        { value: `tcp ${vip}:443`, connections: 1, templates: 1 },
      ],
    });
  });

  it('ends as a shell expects when it is interrupted', async () => {
    const { made } = await director();
    for (const words of [[], ['--count-by', 'state']]) {
      const { code, stdout, stderr } = await lvskit(
        ['connections', '--netns', made.netns, ...words],
        { signal: AbortSignal.abort('SIGPIPE') },
      );
      expect({ code, stdout, stderr }).toEqual({ code: 141, stdout: '', stderr: '' });
    }
  });
});

describe('lvskit connections without permission', () => {
  it('shows those of the own namespace, and says that another needs it', async () => {
    const socket = await ownConnection();
    const { netns } = await localDirector();
    await asNobody(async () => {
      const { code, stdout, stderr } = await lvskit([
        ...['connections', '-o', 'json', '--service', 'tcp', '127.9.0.1:80'],
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const ours = documents(stdout).filter(
        ({ client }) => (client as { port: number }).port === socket.localPort,
      );
      expect(ours).toHaveLength(1);
      const other = await lvskit(['connections', '--netns', netns]);
      expect(other.code).toBe(77);
      expect(other.stderr).toContain('needs CAP_SYS_ADMIN');
    });
  });
});
