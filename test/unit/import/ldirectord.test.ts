import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { SourceError } from '../../../src/formats/source.ts';
import { type Imported, notesOf } from '../../../src/import/imported.ts';
import { importLdirectord } from '../../../src/import/ldirectord.ts';
import { printImported } from '../../../src/import/print.ts';
import { lvskit } from '../../support/command.ts';
import {
  badOnes,
  corpusOf,
  expectSound,
  placesOf,
  wordStarts,
} from '../../support/import-corpus.ts';

const names = {
  hostAddress: () => undefined,
  servicePort: (name: string) => (name === 'http' ? 80 : undefined),
};
const readText = (text: string, file = 'l.cf') => importLdirectord(text, file, names);
const read = (file: string) => readText(readFileSync(file, 'utf8'), file);

/** Comments take what is behind them, wherever they stand. */
const withoutComment = (line: string) => line.replace(/#.*/, '');

function serviceOf(text: string) {
  const [service] = parseConfig(printImported(readText(text)), 'made.yaml').services;
  if (service === undefined) throw new Error('there is no service');
  return service;
}

const virtual = (own: string, real = '10.0.0.1:80 gate', all = '') =>
  `${all}\nvirtual=192.0.2.1:80\n    real=${real}\n${own
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}`;

function checkOf(text: string) {
  const check = serviceOf(text).servers[0]?.check;
  if (check?.combine !== 'none') throw new Error('there is not one check');
  return check;
}

describe('importing a configuration of ldirectord', () => {
  it.each(corpusOf('ldirectord', '.cf'))(
    'makes of %s what lvskit takes, and forgets no word',
    async (file) => {
      const imported = read(file);
      expectSound(imported);
      const places = placesOf(imported);
      const starts = wordStarts(readFileSync(file, 'utf8'), file, withoutComment);
      expect(starts.filter((start) => !places.has(start))).toEqual([]);
      const name = file.replace(/^.*\//, '');
      await expect(printImported(imported)).toMatchFileSnapshot(
        `../../data/import/expected/ldirectord/${name}.expected`,
      );
    },
  );

  it.each(badOnes('ldirectord', '.cf'))('refuses $file at its place', ({ file, error }) => {
    expect(() => read(file)).toThrow(SourceError);
    expect(() => read(file)).toThrow(error);
  });

  it('does not show passwords', () => {
    const text = printImported(read('test/data/import/ldirectord/ranges.cf'));
    expect(text).toContain('passwd = (not shown)');
    expect(text).not.toContain('hunter2');
  });
});

describe('what ldirectord means where it says nothing', () => {
  it('is wrr, weight 1, and that a server which is down leaves the table', () => {
    const service = serviceOf(virtual(''));
    expect(service.service).toMatchObject({
      scheduler: 'wrr',
      destinations: [{ weight: 1, forwarding: 'dr' }],
    });
    expect(service.policy).toMatchObject({ onFailure: 'remove', onAllDown: 'down' });
  });

  it('is a question every ten seconds with thirty to answer, and one failure is enough', () => {
    const { pace, probe } = checkOf(virtual(''));
    expect(pace).toMatchObject({ intervalMs: 30_000, timeoutMs: 30_000, rise: 1, fall: 1 });
    expect(probe).toMatchObject({ kind: 'http', path: '/', host: '10.0.0.1' });
    expect(checkOf(virtual('checktype=connect')).pace).toMatchObject({
      intervalMs: 10_000,
      timeoutMs: 5000,
    });
  });

  it('lets time-outs stand in for each other, those of the service first', () => {
    const timeout = (own: string, all = '') => checkOf(virtual(own, undefined, all)).pace.timeoutMs;
    expect(timeout('checktimeout=4')).toBe(4000);
    expect(timeout('negotiatetimeout=4\nchecktype=connect')).toBe(4000);
    expect(timeout('', 'checktimeout=3')).toBe(3000);
    expect(timeout('checktype=connect', 'negotiatetimeout=6\nchecktimeout=3')).toBe(3000);
  });
});

describe('checks of ldirectord', () => {
  it('go to the server itself, at checkport if there is one', () => {
    expect(checkOf(virtual('checktype=connect\ncheckport=81')).target).toEqual({
      path: 'direct',
      address: '10.0.0.1',
      port: 81,
    });
  });

  it('take redirects for good, since ldirectord follows them', () => {
    const { probe } = checkOf(virtual('request="x"\nreceive="a|b"\nvirtualhost="www.example.org"'));
    expect(probe).toMatchObject({
      path: '/x',
      host: 'www.example.org',
      statuses: [{ first: 200, last: 399 }],
      body: { pattern: /a|b/u },
    });
  });

  it('that are a number connect so often, and then ask', () => {
    const check = serviceOf(virtual('checktype=4\nchecktimeout=2', undefined, 'checkinterval=3'))
      .servers[0]?.check;
    expect(check).toMatchObject({
      checks: [
        { probe: { kind: 'tcp' }, pace: { intervalMs: 3000 } },
        { probe: { kind: 'http' }, pace: { intervalMs: 15_000 } },
      ],
    });
  });

  it('by ping count every attempt', () => {
    const { pace } = checkOf(
      virtual('checktype=ping\ncheckcount=3\nfailurecount=2\nchecktimeout=1'),
    );
    expect(pace).toMatchObject({ fall: 6, fastIntervalMs: 1000, timeoutMs: 1000 });
  });

  it('by a program give it what ldirectord gives it', () => {
    const { probe } = checkOf(
      virtual('checktype=external\ncheckcommand=/bin/c', '10.0.0.1:80 masq'),
    );
    expect(probe).toMatchObject({ command: ['/bin/c', '192.0.2.1', '80', '10.0.0.1', '80'] });
  });

  it('are said of as lost where nobody asks', () => {
    const messages = notesOf(readText(virtual('checktype=on\nrequest="x"\nlogin="y"')));
    expect(messages.map(({ place, message }) => `${place.line} ${message}`)).toEqual([
      '5 there is no check that it would be for',
      '6 there is no check that it would be for',
    ]);
  });
});

const lines = fc.oneof(
  fc.constantFrom(
    ...[...corpusOf('ldirectord', '.cf')].flatMap((file) => readFileSync(file, 'utf8').split('\n')),
  ),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
);

describe('whatever is in a configuration of ldirectord,', () => {
  it('it is refused at a place, or comes out right and with nothing forgotten', () => {
    let accepted = 0;
    const text = fc
      .array(
        fc.oneof({ weight: 9, arbitrary: lines.filter((line) => line.trim() !== '') }, lines),
        {
          maxLength: 12,
        },
      )
      .map((all) => ['virtual=192.0.2.99:80', ...all].join('\n'));
    fc.assert(
      fc.property(text, (whole) => {
        let imported: Imported;
        try {
          imported = readText(whole);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
          return;
        }
        accepted++;
        expectSound(imported);
      }),
      { numRuns: 400 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe('lvskit import ldirectord', () => {
  it('prints a configuration, with ports by their names', async () => {
    const { code, stdout, stderr } = await lvskit([
      'import',
      'ldirectord',
      'test/data/import/ldirectord/defaults.cf',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('  - listen: tcp 192.0.2.11:80\n');
    expect(stderr).toMatch(/^imported 5 services with 6 servers from /);
  });
});
