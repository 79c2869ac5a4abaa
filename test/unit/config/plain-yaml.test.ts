import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseDocument } from 'yaml';
import { readPlainYaml } from '../../../src/config/plain-yaml.ts';
import { printConfig } from '../../../src/config/print.ts';
import { tables } from '../../support/table-arbitraries.ts';

// Many runs, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

/** What all of YAML makes of a text; undefined when it finds something wrong. */
function wholeYaml(text: string): { readonly value: unknown } | undefined {
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  });
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  try {
    return { value: document.toJS() };
  } catch {
    return undefined;
  }
}

const lines = (...all: readonly string[]) => all.join('\n');

describe('plain YAML', () => {
  it('is what tables are printed as, and most of what people write', () => {
    fc.assert(
      fc.property(tables(), (table) => {
        const text = [...printConfig(table)].join('');
        expect(readPlainYaml(text)).toEqual(wholeYaml(text));
      }),
      { numRuns: 60 },
    );
    const page = readFileSync('docs/configuration.md', 'utf8');
    const example = /^```yaml\n(.*?)^```$/ms.exec(page)?.[1] ?? '';
    expect(readPlainYaml(example)).toEqual(wholeYaml(example));
  });

  it('never means anything else than YAML does, whatever is put into it', () => {
    const base = lines(
      'defaults:',
      '  scheduler: wlc',
      '  one-packet: true',
      '# a comment',
      'services:',
      '  - listen: tcp [2001:db8::1]:80',
      '    weight: 10',
      '    persistence: { timeout: 5m, netmask: 24 }',
      '    servers:',
      '      - 10.0.0.1',
      '      - { address: "2001:db8::2", port: 8080, thresholds: { upper: 1 } }',
      '    flags: [a, b-c]',
      '  - 10.0.0.2:80',
      '',
    );
    const pieces = fc.constantFrom(
      ...[
        '- ',
        ': ',
        ':',
        '#',
        ' #',
        '\n',
        '\n  ',
        '\n    ',
        ' ',
        '  ',
        '"',
        "'",
        '[',
        ']',
        '{',
        '}',
      ],
      ...[
        ',',
        '&a ',
        '*a',
        '!',
        '!!str ',
        '|',
        '>',
        '?',
        '? ',
        '%',
        '@',
        '`',
        '-',
        '---',
        '...',
        '~',
      ],
      ...[
        'null',
        'True',
        'yes',
        '0x1f',
        '0o7',
        '1e3',
        '1.5',
        '.5',
        '+1',
        '010',
        '1_0',
        '0b1',
        '.inf',
      ],
      ...[
        '\t',
        '\r\n',
        '\\',
        '\u0000',
        '\u0085',
        '\u2028',
        '\ufeff',
        'é',
        '<<',
        'x',
        '7',
        '10.0.0.9',
      ],
    );
    const edits = fc.array(fc.tuple(fc.nat(base.length), fc.nat(4), pieces), {
      minLength: 1,
      maxLength: 4,
    });
    let plain = 0;
    fc.assert(
      fc.property(edits, (all) => {
        let text = base;
        for (const [at, dropped, piece] of all) {
          text = text.slice(0, at) + piece + text.slice(at + dropped);
        }
        const read = readPlainYaml(text);
        if (read === undefined) return;
        plain++;
        expect(read).toEqual(wholeYaml(text));
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(50);
  });

  it.each([
    ['- a\n- 1\n- true\n- 10.0.0.1', ['a', 1, true, '10.0.0.1']],
    ['a: 1\nb:\n  c: x y\n', { a: 1, b: { c: 'x y' } }],
    ['a:\n  - b: 1\n    c: 2\n  - d: []\n', { a: [{ b: 1, c: 2 }, { d: [] }] }],
  ])('of %j is %j', (text, value) => {
    expect(readPlainYaml(text)).toEqual({ value });
    expect(wholeYaml(text)).toEqual({ value });
  });

  it.each([
    '',
    '# x\n',
    'a',
    'a:\n',
    'a: 1\na: 2\n',
    'a: *b\n',
    'a: 010\n',
    'a: 1 # one\n',
    'a: |\n  x\n',
  ])('is not what %j is', (text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });
});
