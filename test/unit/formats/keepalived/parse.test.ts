// biome-ignore-all lint/suspicious/noTemplateCurlyInString: definitions of keepalived look like that
import { describe, expect, it } from 'vitest';
import { parseKeepalived, type Statement } from '../../../../src/formats/keepalived/parse.ts';

const files = {
  read: (path: string) => {
    const text = stored[path];
    if (text === undefined) throw new Error(`cannot read ${path}: there is no such file`);
    return text;
  },
  expand: (pattern: string) =>
    Object.keys(stored).filter((path) => path.startsWith(pattern.replace(/\*.*$/, ''))),
};
let stored: Record<string, string> = {};

const parse = (text: string, configId?: string) =>
  parseKeepalived(text, '/etc/k/k.conf', { files, configId, mostLines: 1000 });

/** Statements as nested lists of words, which are easier to read. */
type Shown = (string | Shown)[];
const shown = (statements: readonly Statement[]): Shown =>
  statements.map(({ words, body }) => {
    const texts = words.map((word) => word.text);
    return body === undefined ? texts : [...texts, shown(body)];
  });
const read = (text: string, configId?: string) => shown(parse(text, configId).statements);

describe('blocks of keepalived', () => {
  it('may begin and end anywhere on a line', () => {
    const expected = [['a', '1', [['b', [['c', '2']]], ['d']]]];
    expect(read('a 1 { b { c 2 } d }')).toEqual(expected);
    expect(read('a 1\n{\nb{c 2}\r\n\td\n}')).toEqual(expected);
  });

  it('do not begin or end in double quotes or comments', () => {
    expect(read('a "{" { # }\nb "x } y" ! {\n}')).toEqual([['a', '{', [['b', 'x } y']]]]);
  });

  it('know where each word comes from', () => {
    const [statement] = parse('\n  a\t"b c"   d # e').statements;
    expect(statement?.words.map(({ place }) => `${place.line}:${place.column}`)).toEqual([
      '2:3',
      '2:5',
      '2:13',
    ]);
  });
});

describe('comments of keepalived', () => {
  it('begin with ! or #, but not behind a backslash', () => {
    expect(read('a!b\nc#d\ne\\!f g\\#h # i')).toEqual([['a'], ['c'], ['e!f', 'g#h']]);
  });
});

describe('words of keepalived', () => {
  it('are read as a shell would where they are programs', () => {
    expect(read(`notify_up "/bin/a 'b c'" x\\ y 'z "w"' \\x41\\102\\tc`)).toEqual([
      ['notify_up', "/bin/a 'b c'", 'x y', 'z "w"', 'AB\tc'],
    ]);
    expect(read(`misc_path "/bin/a \\"b\\""`)).toEqual([['misc_path', '/bin/a \\"b\\"']]);
  });
});

describe('definitions', () => {
  it('stand where their name is, with or without braces, and for what they are then', () => {
    expect(read('$A=1\n$B=${A}2\nx $A $B ${B}3 $AB\n$A=5\ny ${B}')).toEqual([
      ['x', '1', '12', '123', '$AB'],
      ['y', '52'],
    ]);
  });

  it('may have many lines, blocks and other definitions among them', () => {
    const text = '$S= \\\n  s ${N} { \\\n  # nothing\n  w ${N} \\\n }\n$N=1\nv {\n$S\n$N=2\n$S\n}';
    expect(read(text)).toEqual([
      [
        'v',
        [
          ['s', '1', [['w', '1']]],
          ['s', '2', [['w', '2']]],
        ],
      ],
    ]);
  });

  it('are told when nothing uses them', () => {
    const { remarks } = parse('$A=1\n$B=2\nx $B\n');
    expect(remarks).toMatchObject([{ text: '$A=1', place: { line: 1 }, kind: 'differs' }]);
  });

  it('that keepalived has itself are known', () => {
    expect(read('x ${_PWD}/a ${_INSTANCE} "${_HASH}"', 'id')).toEqual([
      ['x', '/etc/k/a', 'id', '\\#'],
    ]);
    expect(() => read('x ${_INSTANCE}')).toThrow(
      'k.conf:1:3: the instance is not known: say --config-id',
    );
  });
});

describe('sequences and lists', () => {
  it('repeat what follows them, each within the one before', () => {
    expect(read('~SEQ(A, 2) ~SEQ(B, 3, -1, 2) x ${A}${B}')).toEqual(
      ['13', '12', '23', '22'].map((value) => ['x', value]),
    );
    expect(read('~SEQx(A, 0x0e, 2, 0x12) x ${A}')).toEqual([
      ['x', 'e'],
      ['x', '10'],
      ['x', '12'],
    ]);
    expect(read('~SEQ(A, -2) x ${A}')).toEqual([
      ['x', '-1'],
      ['x', '-2'],
    ]);
    expect(read('~LST(A, p, q) x ${A}')).toEqual([
      ['x', 'p'],
      ['x', 'q'],
    ]);
    expect(read('~LST({A,B}, {1, 2},{3,4}) x ${A} ${B}')).toEqual([
      ['x', '1', '2'],
      ['x', '3', '4'],
    ]);
  });

  it('are bounded', () => {
    expect(() => read('~SEQ(A, 1, 1000000000) x')).toThrow('more than 100000 rounds are not read');
    const text = '~SEQ(A, 1, 99999) ~SEQ(B, 1, 99999) x';
    expect(() => read(text)).toThrow('more than 1000 lines are not read');
  });
});

describe('conditions', () => {
  it('hold for a config id, or for every other', () => {
    const text = '@one a\n@^one b\n@two c\n@one $X=5\n@^two d ${X}';
    expect(read(text, 'one')).toEqual([['a'], ['d', '5']]);
    expect(read('@one a\n@^one b')).toEqual([['b']]);
  });
});

describe('includes', () => {
  it('are read in their place, relative to the file that has them, in the order of their names', () => {
    stored = {
      '/etc/k/d/1.conf': 'b ${V}\ninclude ../e.conf',
      '/etc/k/d/2.conf': 'd',
      '/etc/k/e.conf': 'c',
    };
    const text = '$V=x\na {\ninclude d/*.conf\n}\nincludea "e.conf"\n';
    expect(read(text)).toEqual([['a', [['b', 'x'], ['c'], ['d']]], ['c']]);
    const [, last] = parse(text).statements;
    expect(last?.place).toEqual({ file: '/etc/k/e.conf', line: 1, column: 1 });
  });

  it('may stand for nothing when they are patterns, which is told', () => {
    stored = {};
    expect(parse('include d/*.conf').remarks).toMatchObject([{ text: 'include d/*.conf' }]);
    expect(() => parse('include d/x.conf')).toThrow(
      'k.conf:1:1: cannot read /etc/k/d/x.conf: there is',
    );
  });

  it('take choices in braces', () => {
    stored = { '/etc/k/a1': 'x', '/etc/k/b1': 'y' };
    expect(read('include {b,a}1')).toEqual([['y'], ['x']]);
  });

  it('do not lie within each other without end', () => {
    stored = { '/etc/k/a': 'include b', '/etc/k/b': 'include a' };
    expect(() => read('include a')).toThrow('/etc/k/b:1:1: /etc/k/a includes itself');
  });
});
