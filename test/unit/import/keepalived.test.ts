import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SystemFiles } from '../../../src/cli/included-files.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { SourceError } from '../../../src/formats/source.ts';
import { type Imported, notesOf } from '../../../src/import/imported.ts';
import { importKeepalived } from '../../../src/import/keepalived.ts';
import { printImported } from '../../../src/import/print.ts';
import { lvskit } from '../../support/command.ts';
import {
  badOnes,
  corpusOf,
  expectSound,
  placesOf,
  wordStarts,
} from '../../support/import-corpus.ts';

const folder = 'test/data/import/keepalived';
const corpus = [...corpusOf('keepalived', '.conf'), `${folder}/includes/main.conf`];

function read(file: string, configId?: string): Imported {
  const files = new SystemFiles(1_000_000);
  return importKeepalived(readFileSync(file, 'utf8'), file, { files, configId });
}

function readText(text: string, configId?: string): Imported {
  const files = { read: () => '', expand: () => [] };
  return importKeepalived(text, 'k.conf', { files, configId });
}

/** The statements of a virtual server that says these things, with two servers. */
const virtual = (own: string, server = '') =>
  `virtual_server 192.0.2.1 80 {\nprotocol TCP\n${own}\n` +
  `real_server 10.0.0.1 80 {\n${server}\n}\nreal_server 10.0.0.2 80 {\n${server}\n}\n}`;

function serviceOf(text: string) {
  const [service] = parseConfig(printImported(readText(text)), 'made.yaml').services;
  if (service === undefined) throw new Error('there is no service');
  return service;
}

function checkOf(text: string) {
  const check = serviceOf(text).servers[0]?.check;
  if (check?.combine !== 'none') throw new Error('there is not one check');
  return check;
}

function withoutComment(line: string): string {
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') isQuoted = !isQuoted;
    if (line[at] === '\\') at++;
    else if (!isQuoted && /[!#]/.test(line[at] ?? '')) return line.slice(0, at);
  }
  return line;
}

describe('importing a configuration of keepalived', () => {
  it.each(corpus)('makes of %s what lvskit takes, and forgets no word', async (file) => {
    const imported = read(file);
    expectSound(imported);
    const places = placesOf(imported);
    const starts = wordStarts(readFileSync(file, 'utf8'), file, withoutComment);
    expect(starts.filter((start) => !places.has(start))).toEqual([]);
    expect(starts.length).toBeGreaterThan(3);
    await expect(printImported(imported)).toMatchFileSnapshot(
      `../../data/import/expected/keepalived/${file.replace(/^.*keepalived\//, '').replace('/', '-')}.expected`,
    );
  });

  it.each(badOnes('keepalived', '.conf'))('refuses $file at its place', ({ file, error }) => {
    expect(() => read(file)).toThrow(SourceError);
    expect(() => read(file)).toThrow(error);
  });

  it('always makes the same of the same', () => {
    const file = `${folder}/sequences.conf`;
    expect(printImported(read(file))).toBe(printImported(read(file)));
  });

  it('takes the lines of a config id, and says which were for others', () => {
    const file = `${folder}/conditions.conf`;
    const [service] = parseConfig(printImported(read(file, 'backup')), 'y').services;
    expect(service?.servers).toHaveLength(2);
    expect(service?.policy.onFailure).toBe('remove');
    const others = notesOf(read(file, 'backup')).filter(({ message }) => /config id/.test(message));
    expect(others.map(({ kind, place }) => `${kind} ${place.line}`)).toEqual([
      'differs 1',
      'differs 5',
      'differs 12',
      'differs 13',
    ]);
  });

  it('does not show passwords', () => {
    const text = printImported(read(`${folder}/full-ha.conf`));
    expect(text).toContain('#       auth_pass (not shown)\n');
    expect(text).not.toMatch(/s3cret|hunter2/);
  });
});

describe('what keepalived means where it says nothing', () => {
  it('is UDP, wlc, NAT, weight 1, and the port of the service', () => {
    const { service } = serviceOf('virtual_server 192.0.2.1 80 {\nreal_server 10.0.0.1 {\n}\n}');
    expect(service).toMatchObject({
      key: { protocol: 'udp' },
      scheduler: 'wlc',
      persistence: undefined,
      destinations: [{ key: { port: 80 }, forwarding: 'nat', weight: 1 }],
    });
  });

  it('is six minutes of persistence where every port is meant, or only a mask is said', () => {
    const timeouts = [
      'virtual_server 192.0.2.1 {',
      'virtual_server 192.0.2.1 80 {\npersistence_granularity 255.255.255.0',
    ];
    for (const head of timeouts) {
      const { service } = serviceOf(`${head}\nreal_server 10.0.0.1 {\n}\n}`);
      expect(service.persistence?.timeoutSeconds).toBe(360);
    }
  });

  it('is a check every minute, 5 s to answer, and one retry after a second, or three for HTTP', () => {
    const { pace } = checkOf(virtual('', 'TCP_CHECK'));
    expect(pace).toMatchObject({ intervalMs: 60_000, timeoutMs: 5000, rise: 1, fall: 2 });
    const slow = virtual('connect_timeout 1', 'HTTP_GET {\nurl {\npath /\n}\n}');
    expect(checkOf(slow).pace).toMatchObject({ fastIntervalMs: 3000, fall: 2 });
  });

  it('is no retry for programs, and three with a whole delay between for DNS', () => {
    const misc = checkOf(virtual('delay_loop 7', 'MISC_CHECK {\nmisc_path /bin/true\n}'));
    expect(misc.pace).toMatchObject({ intervalMs: 7000, timeoutMs: 7000, fall: 1 });
    const dns = checkOf(virtual('delay_loop 7', 'DNS_CHECK'));
    expect(dns.pace).toMatchObject({ fastIntervalMs: 7000, fall: 4 });
    expect(dns.probe).toMatchObject({ name: '', record: 'SOA', transport: 'udp' });
  });

  it('is that a server which is down leaves the table, and nobody serves when all are', () => {
    expect(serviceOf(virtual('', 'TCP_CHECK')).policy).toMatchObject({
      onFailure: 'remove',
      onAllDown: 'down',
      quorum: { weight: 1, hysteresis: 0 },
      fallback: undefined,
    });
  });
});

describe('the times of keepalived', () => {
  it('come from the checker, then the real server, then the virtual server', () => {
    const text =
      'virtual_server 192.0.2.1 80 {\nprotocol TCP\ndelay_loop 10\nretry 2\nconnect_timeout 1\n' +
      'real_server 10.0.0.1 80 {\nretry 4\ndelay_before_retry 2\nTCP_CHECK {\ndelay_before_retry 1.5\n}\n}\n}';
    expect(checkOf(text).pace).toMatchObject({
      intervalMs: 10_000,
      fastIntervalMs: 1500,
      timeoutMs: 1000,
      fall: 5,
    });
  });

  it('make a server down after as many failures as there are retries, and one more', () => {
    for (const retry of [1, 3, 99]) {
      expect(checkOf(virtual('', `TCP_CHECK {\nretry ${retry}\n}`)).pace.fall).toBe(retry + 1);
    }
  });

  it('are shared by the URLs of a checker, of which one is asked for at a time', () => {
    const urls = 'url {\npath /a\n}\nurl {\npath /b\n}\n';
    const check = serviceOf(virtual('delay_loop 3\nconnect_timeout 1', `HTTP_GET {\n${urls}}`))
      .servers[0]?.check;
    expect(check).toMatchObject({
      combine: 'all',
      checks: [{ pace: { intervalMs: 6000 } }, { pace: { intervalMs: 6000 } }],
    });
  });

  it('say so where no interval can be as short as keepalived has it', () => {
    const notes = notesOf(readText(virtual('delay_loop 2\nconnect_timeout 5', 'TCP_CHECK')));
    expect(notes.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      'differs: no interval is shorter than the time-out here, so that it is 5s instead of 2s',
      expect.stringMatching(
        /^differs: .* a server that refuses connections is down after 5s instead of 1s/,
      ),
    ]);
  });
});

describe('checkers', () => {
  it('go to the server itself, at the port that is written, and not by the VIP', () => {
    const check = checkOf(virtual('lb_kind DR', 'TCP_CHECK {\nconnect_port 81\n}'));
    expect(check.target).toEqual({ path: 'direct', address: '10.0.0.1', port: 81 });
  });

  it('ask for pages as keepalived does: the host, good statuses, what the body is to be like', () => {
    const url = 'url {\npath /x\nregex "a|b"\nregex_no_match\n}';
    const { probe } = checkOf(virtual('', `HTTP_GET {\n${url}\n}`));
    expect(probe).toMatchObject({
      path: '/x',
      host: '10.0.0.1:80',
      statuses: [{ first: 200, last: 299 }],
    });
    const { body } = probe as { body: { pattern: RegExp } };
    expect(['xc', 'x\nb'].map((text) => body.pattern.test(text))).toEqual([true, false]);
  });

  it('run programs with the words that keepalived gives them', () => {
    const { probe } = checkOf(virtual('', `MISC_CHECK {\nmisc_path "/bin/x -a 'b c' f\\ g"\n}`));
    expect(probe).toMatchObject({ command: ['/bin/x', '-a', 'b c', 'f g'] });
  });
});

const keywords =
  'virtual_server virtual_server_group real_server lb_algo lb_kind lvs_method protocol delay_loop retry quorum ' +
  'hysteresis persistence_timeout persistence_granularity persistence_engine ops sh-port flag-1 ip_family ' +
  'sorry_server sorry_server_lvs_method inhibit_on_failure alpha omega weight uthreshold lthreshold virtualhost ' +
  'snmp_name notify_up connect_timeout delay_before_retry warmup TCP_CHECK HTTP_GET SSL_GET SMTP_CHECK DNS_CHECK ' +
  'MISC_CHECK UDP_CHECK PING_CHECK FILE_CHECK url path status_code regex regex_no_match digest connect_ip ' +
  'connect_port payload require_reply misc_path misc_timeout misc_dynamic user helo_name type name enable_sni ' +
  'fwmark global_defs vrrp_instance auth_pass include_nothing $A ~x';
const values =
  '1 80 0 -1 65536 1.5 10.0.0.1 192.0.2.1 192.0.2.1-9 192.0.2.0/30 2001:db8::1 group G fwmark inet6 TCP UDP NAT DR ' +
  'TUN gue port 6080 wlc sh mh on off 255.255.255.0 64 / /x 200 200-299 "a b" \'c\' /bin/true (a [b www.example.org sip ff x1 @a';

const word = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...values.split(' ')) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 5 }) },
);
const { statement } = fc.letrec<{ statement: string; block: string }>((tie) => ({
  statement: fc
    .tuple(
      fc.constantFrom(...keywords.split(' ')),
      fc.array(word, { maxLength: 3 }),
      fc.option(tie('block'), { nil: '' }),
    )
    .map(([keyword, words, block]) => `${[keyword, ...words].join(' ')} ${block}\n`),
  block: fc
    .array(tie('statement'), { maxLength: 6 })
    .map((statements) => `{\n${statements.join('')}}\n`),
}));
const server = fc
  .array(statement, { maxLength: 5 })
  .map((inner) => `real_server 10.0.0.1 80 {\n${inner.join('')}}\n`);
const whole = fc
  .tuple(fc.array(statement, { maxLength: 6 }), fc.array(server, { minLength: 1, maxLength: 2 }))
  .map(([own, servers]) => `virtual_server 192.0.2.1 80 {\n${own.join('')}${servers.join('')}}\n`);

describe('whatever is in a configuration,', () => {
  it('it is refused at a place, or comes out right and with nothing forgotten', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof(statement, whole, whole), { maxLength: 4 }), (parts) => {
        const text = parts.join('');
        let imported: Imported;
        try {
          imported = readText(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
          expect((error as SourceError).place).toMatchObject({ file: 'k.conf' });
          return;
        }
        accepted++;
        expectSound(imported);
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(30);
  });
});

describe('lvskit import keepalived', () => {
  it('finds what a file includes beside that file', async () => {
    const { code, stdout, stderr } = await lvskit([
      'import',
      'keepalived',
      `${folder}/includes/main.conf`,
    ]);
    expect([code, stdout.match(/- listen:/g)?.length]).toEqual([0, 3]);
    expect(stderr).toMatch(/^imported 3 services with 5 servers from .*includes\/main\.conf\n/);
  });

  it('prints nothing of what it cannot read', async () => {
    const outcome = await lvskit(['import', 'keepalived', `${folder}/bad/quote.conf`]);
    expect(outcome).toEqual({
      code: 2,
      stdout: '',
      stderr: `lvskit: ${folder}/bad/quote.conf:3:16: the quote does not end on this line\n`,
    });
    expect((await lvskit(['import', 'keepalived', 'nowhere.conf'])).code).toBe(2);
  });
});
