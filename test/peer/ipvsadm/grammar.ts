import fc from 'fast-check';
import type { Step } from './outcome.ts';
import type { Sequence } from './sequence.ts';

/** Commands as people give them: mostly right, in a small world where they meet each other. */

type Words = readonly string[];

const one = (...values: readonly string[]) => fc.constantFrom(...values);
const words = (...values: Words): fc.Arbitrary<Words> => fc.constant(values);
const optional = (arbitrary: fc.Arbitrary<Words>) =>
  fc.option(arbitrary, { nil: [] as Words, freq: 2 });
const joined = (...parts: readonly fc.Arbitrary<Words>[]): fc.Arbitrary<Words> =>
  fc.tuple(...parts).map((all) => all.flat());
const value = (option: Words, values: fc.Arbitrary<string>): fc.Arbitrary<Words> =>
  fc.tuple(fc.constantFrom(...option), values).map(([name, text]) => [name, text]);
const numbers = (...common: readonly number[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...common).map(String) },
    { weight: 1, arbitrary: fc.integer({ min: -2, max: 70_000 }).map(String) },
    { weight: 1, arbitrary: one('4294967296', '2147483648', '2147483647', '0', '+5', '05', '') },
  );

const hosts4 = one('10.0.0.1', '10.0.0.2', '127.0.0.1', 'web', '10.1', '192.168.0.1');
const ports = one('80', '81', '80', 'http', '0', '65535', '65536', 'nosuch');
const endpoint4 = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(hosts4, ports).map(([host, port]) => `${host}:${port}`) },
  { weight: 1, arbitrary: hosts4 },
);
const endpoint6 = fc
  .tuple(one('2001:db8::1', '2001:db8::2', '::1', '2001:DB8:0::3'), ports)
  .map(([host, port]) => `[${host}]:${port}`);

const services: fc.Arbitrary<Words> = fc.oneof(
  { weight: 6, arbitrary: words('-t', '10.0.0.1:80') },
  { weight: 3, arbitrary: words('-u', '10.0.0.1:80') },
  { weight: 3, arbitrary: words('-t', '[2001:db8::1]:80') },
  { weight: 3, arbitrary: words('-f', '7') },
  { weight: 2, arbitrary: words('-f', '7', '-6') },
  { weight: 2, arbitrary: value(['-t', '-u', '--tcp-service', '--sctp-service'], endpoint4) },
  { weight: 1, arbitrary: value(['-t', '-u', '--sctp-service'], endpoint6) },
  { weight: 1, arbitrary: value(['-f', '--fwmark-service'], numbers(7, 8, 9)) },
);

const servers = fc.oneof(
  { weight: 4, arbitrary: words('-r', '10.0.1.1') },
  { weight: 3, arbitrary: words('-r', '10.0.1.2:8080') },
  { weight: 2, arbitrary: words('-r', '[2001:db8::a]:80') },
  { weight: 1, arbitrary: value(['-r', '--real-server'], fc.oneof(endpoint4, endpoint6)) },
);

const schedulers = fc.oneof(
  { weight: 30, arbitrary: one('rr', 'wrr', 'lc', 'wlc', 'sh', 'mh', 'dh', 'nq') },
  { weight: 1, arbitrary: one('nosuch', '') },
);
const schedulerFlags = fc
  .array(
    one('flag-1', 'flag-2', 'flag-3', 'sh-port', 'sh-fallback', 'mh-port', 'mh-fallback', 'x', ''),
    { minLength: 1, maxLength: 3 },
  )
  .map((flags) => flags.join(','))
  // Of flags that are nothing but commas the real one crashes.
  .filter((flags) => !/^,+$/.test(flags));

const serviceOptions = joined(
  optional(value(['-s', '--scheduler'], schedulers)),
  optional(
    fc.oneof(words('-p'), value(['-p', '--persistent'], numbers(1, 60, 300, 2_678_400, 2_678_401))),
  ),
  optional(value(['-M'], one('255.255.255.0', '255.0.0.0', '64', '128', '255.0.255.0', 'x'))),
  optional(words('-o')),
  optional(value(['-b', '--sched-flags'], schedulerFlags)),
  fc.option(value(['--pe'], one('sip', '')), { nil: [], freq: 8 }),
);

const tunnelOptions = fc.oneof(
  { weight: 6, arbitrary: words() },
  { weight: 1, arbitrary: words('--tun-type', 'ipip') },
  {
    weight: 2,
    arbitrary: joined(
      value(['--tun-type'], one('gue', 'gre', 'ipip', 'x')),
      optional(value(['--tun-port'], numbers(6080, 1, 65_535))),
      optional(one('--tun-csum', '--tun-nocsum', '--tun-remcsum').map((option) => [option])),
    ),
  },
);

const serverOptions = joined(
  one('-g', '-m', '-i', '-m', '--masquerading').map((option) => [option]),
  optional(value(['-w', '--weight'], numbers(0, 1, 100, 65_535))),
  optional(value(['-x'], numbers(100, 200))),
  optional(value(['-y'], numbers(50, 100))),
  tunnelOptions,
);

const listOptions = fc
  .subarray(
    [
      ['--stats'],
      ['--rate'],
      ['--thresholds'],
      ['--persistent-conn'],
      ['--tun-info'],
      ['--exact'],
      ['--nosort'],
      ['--sort'],
      ['-c'],
      ['--timeout'],
      ['--daemon'],
      ['--syncid', '4'],
      ['-t', '10.0.0.1:80'],
      ['-f', '7'],
    ],
    { maxLength: 3 },
  )
  .map((chosen) => chosen.flat());

const lists = joined(
  one('-Ln', '-ln', '-L', '--list').map((word) => [word]),
  listOptions,
);

/** An option's words together, wherever they stand: `-6` and `-M` mean something else elsewhere. */
function inAnyOrder(parts: Words): fc.Arbitrary<Words> {
  const [command = '', ...rest] = parts;
  const options: string[][] = [];
  for (const word of rest) {
    const option = options.at(-1);
    if (word.startsWith('-') || option === undefined) options.push([word]);
    else option.push(word);
  }
  return fc
    .shuffledSubarray(options, { minLength: options.length })
    .map((shuffled) => [command, ...shuffled.flat()]);
}

const changes = fc.oneof(
  {
    weight: 8,
    arbitrary: joined(
      one('-A', '-A', '-E', '--add-service').map((w) => [w]),
      services,
      serviceOptions,
    ),
  },
  {
    weight: 9,
    arbitrary: joined(
      one('-a', '-a', '-e', '--add-server').map((w) => [w]),
      services,
      servers,
      serverOptions,
    ),
  },
  { weight: 2, arbitrary: joined(words('-D'), services) },
  { weight: 2, arbitrary: joined(words('-d'), services, servers) },
  { weight: 1, arbitrary: joined(words('-Z'), optional(services)) },
  { weight: 1, arbitrary: words('-C') },
  {
    weight: 1,
    arbitrary: fc
      .tuple(numbers(0, 10), numbers(0, 20), numbers(0, 30))
      .map((three) => ['--set', ...three]),
  },
);

const orderly = fc.oneof(
  { weight: 12, arbitrary: changes },
  { weight: 1, arbitrary: changes.chain(inAnyOrder) },
  { weight: 3, arbitrary: lists },
  { weight: 1, arbitrary: words('-Sn') },
  { weight: 1, arbitrary: words('-S') },
);

const daemons = fc.oneof(
  joined(
    one('--start-daemon').map((word) => [word]),
    one('master', 'backup', 'both').map((word) => [word]),
    words('--mcast-interface', 'sync0'),
    optional(value(['--syncid'], numbers(0, 7, 255, 256))),
    optional(value(['--mcast-group'], one('224.0.0.99', 'ff02::99', '10.0.0.1', 'x'))),
    optional(value(['--mcast-port'], numbers(9000))),
    optional(value(['--mcast-ttl'], numbers(1, 255, 256))),
    optional(value(['--sync-maxlen'], numbers(1000, 65_507, 65_508))),
  ),
  joined(
    words('--stop-daemon'),
    one('master', 'backup').map((word) => [word]),
  ),
  words('-L', '--daemon'),
);

/** Every word that means something somewhere, and some that do not. */
const anyWord = fc.oneof(
  one(...'AEDCRSadeLlZtufsprMgimwxyncXo6bhvq'.split('').map((letter) => `-${letter}`)),
  one(
    '--',
    '-',
    '',
    'extra',
    '-Ln',
    '-p',
    '--nosuch',
    '--stats',
    '--exact',
    '-M',
    '128',
    '-w',
    '5',
  ),
  one('10.0.0.1:80', '[2001:db8::1]:80', '7', 'rr', '--tun-type', 'gre', '--ops', '-o', '--set'),
);

const anyCharacter = fc.oneof(
  one(...':.[]-=, 0159abx'.split('')),
  fc.integer({ min: 1, max: 126 }).map((code) => String.fromCharCode(code)),
);

/** A mistake: a word or a character too many, too few, or another. */
function mistaken(line: Words): fc.Arbitrary<Words> {
  const at = fc.nat(Math.max(line.length - 1, 0));
  const spliced = (place: number, remove: number, ...add: Words) =>
    line.toSpliced(place, remove, ...add);
  const byCharacter = fc
    .tuple(at, fc.nat(30), fc.nat(1), fc.option(anyCharacter, { nil: '' }))
    .map(([place, within, remove, character]) => {
      const letters = [...(line[place] ?? '')];
      return spliced(place, 1, letters.toSpliced(within, remove, character).join(''));
    });
  return fc.oneof(
    { weight: 3, arbitrary: byCharacter },
    { weight: 1, arbitrary: at.map((place) => spliced(place, 1)) },
    { weight: 1, arbitrary: at.map((place) => spliced(place, 0, line[place] ?? '')) },
    { weight: 2, arbitrary: fc.tuple(at, anyWord).map(([place, word]) => spliced(place, 0, word)) },
    { weight: 1, arbitrary: fc.tuple(at, anyWord).map(([place, word]) => spliced(place, 1, word)) },
  );
}

const sometimesMistaken = (arbitrary: fc.Arbitrary<Words>): fc.Arbitrary<Words> =>
  fc.oneof({ weight: 3, arbitrary }, { weight: 1, arbitrary: arbitrary.chain(mistaken) });

/**
 * The kernel does not answer who stops a daemon that has only just been started, for which the real
 * one waits for ever.
 */
const noDaemon = (line: string) => !line.includes('daemon');

const inputLine = fc
  .tuple(
    sometimesMistaken(orderly).map((parts) => parts.join(' ')),
    one('', '', '', '', '', 'ipvsadm ', ' ', '\t'),
    one('\n', '\n', '\n', '\n', '\n', '\r\n', ' \n', '\n\n', ' # x\n'),
  )
  .map(([line, before, after]) => `${before}${line}${after}`)
  .filter(noDaemon);

const restores: fc.Arbitrary<Step> = fc
  .tuple(fc.array(inputLine, { maxLength: 25 }), fc.boolean())
  .map(([lines, cut]) => {
    const input = lines.join('');
    return { words: ['-R'], input: cut ? input.trimEnd() : input };
  });

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: sometimesMistaken(orderly).map((parts) => ({ words: parts })) },
  { weight: 3, arbitrary: restores },
  { weight: 1, arbitrary: sometimesMistaken(daemons).map((parts) => ({ words: parts })) },
);

/** Sequences of commands. */
export const sequences: fc.Arbitrary<Sequence> = fc
  .array(steps, { minLength: 1, maxLength: 12 })
  .map((all) => ({ title: 'random', links: ['sync0'], anyOrder: true, steps: all }));
