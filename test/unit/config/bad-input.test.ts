import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { decodeText } from '../../../src/config/text-file.ts';

// Long texts, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

function refusalOf(text: string): string {
  try {
    parseConfig(text, 'x');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing is wrong';
}

const web = 'services:\n  - listen: tcp 192.0.2.1:80\n';

describe('a text that was not made by a friend', () => {
  it.each([
    ['a list without end', '['.repeat(100_000)],
    ['maps in one line', `${'{ a: '.repeat(3000)}1${' }'.repeat(3000)}`],
    ['lists in one line', `${'- '.repeat(3000)}1`],
    ['keys of keys', `${'? '.repeat(3000)}1`],
    ['JSON', `{"services":${'['.repeat(5000)}${']'.repeat(5000)}}`],
    [
      'maps in maps, as YAML',
      Array.from({ length: 4000 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
    ],
    ['lists in lists, on one plain line', `a: ${'['.repeat(50_000)}${']'.repeat(50_000)}\n`],
  ])('is told when it goes too deep: %s', (_, text) => {
    expect(refusalOf(text)).toMatch(
      /^x has one mistake\nx:\d+:\d+: lists and maps lie more than 100 deep/,
    );
  });

  it.each([
    ['a tag for code', `${web}    weight: !!js/function "() => 1"\n`, 'unresolved tag'],
    ['a merge key', `x: &x { a: 1 }\n${web}    <<: *x\n`, 'unknown key "<<"'],
    ['tabs before keys', 'services:\n\t- listen: fwmark 1\n', 'tabs'],
    ['an empty name', `${web}    name: ""\n`, 'must be 1 to 64 letters'],
    ['a blank scheduler', `${web}    scheduler: " "\n`, 'may hold only letters'],
    ['an empty address', `${web}    servers: [""]\n`, 'must be an address'],
    ['an empty engine', `${web}    persistence: { engine: "" }\n`, 'must not be empty'],
    ['a weight like no other', `${web}    weight: 1e99\n`, 'must be a whole number'],
    ['a weight that is no number', `${web}    weight: .nan\n`, 'must be a whole number'],
    ['a firewall mark of 0', 'services: [{ listen: fwmark 0 }]', 'must be a whole number from 1'],
    [
      'flags of another scheduler',
      `${web}    scheduler: mh\n    scheduler-flags: [sh-port]\n`,
      'is for scheduler sh',
    ],
    ['two keys that are one', '{"services":[],"services":[]}', 'unique'],
  ])('is refused with %s', (_, text, reason) => {
    expect(refusalOf(text).toLowerCase()).toContain(reason.toLowerCase());
  });

  it('may begin with a byte order mark, and end its lines as Windows does', () => {
    const text = decodeText(Buffer.from(`\ufeff${web.replaceAll('\n', '\r\n')}`), 'x');
    expect(parseConfig(text, 'x').services).toHaveLength(1);
  });

  it('has no time for regular expressions that are never done: they are only compiled', () => {
    const check = 'check: { type: http, body: { matches: "^(a+)+$" } }';
    expect(parseConfig(`${web}    ${check}\n    servers: [10.0.0.1]\n`, 'x').services).toHaveLength(
      1,
    );
  });
});
