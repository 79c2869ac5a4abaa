import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { lvskit } from '../../support/command.ts';

const isInstalled = (program: string) => spawnSync(program, ['--version']).status === 0;

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await lvskit(['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** Runs a script in a shell, in a folder with files of known names. */
function run(shell: string, options: readonly string[], script: string): string {
  const { stdout, stderr, status } = spawnSync(shell, [...options, '-c', script], {
    encoding: 'utf8',
    cwd: 'docs/decisions',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', TERM: 'dumb' },
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

/** The lines typed so far, ending in the word that is to be completed, and what is offered. */
const offers: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['lvskit sa', ['save']],
  ['lvskit re', ['ready', 'reload', 'remove', 'restore']],
  ['lvskit add ', ['destination', 'service']],
  ['lvskit edit d', ['destination']],
  ['lvskit add service ', ['fwmark', 'sctp', 'tcp', 'udp']],
  ['lvskit add service tcp 192.0.2.1 --sched', ['--scheduler', '--scheduler-flags']],
  ['lvskit add service --scheduler m', ['mh']],
  ['lvskit add service -s ls', []],
  ['lvskit add destination --forwarding ', ['bypass', 'dr', 'local', 'nat', 'tun']],
  ['lvskit save --format ', ['ipvsadm', 'json', 'yaml']],
  ['lvskit flush --y', ['--yes']],
  ['lvskit restore --re', ['--replace']],
  ['lvskit restore 001', ['001-packed-records.md']],
  ['lvskit save -o 002', ['002-calls-on-the-pool.md']],
  ['lvskit drain --w', ['--wait']],
  ['lvskit completion ', ['bash', 'fish', 'zsh']],
  ['lvskit nonsense ', []],
];

/** The words of a line, the last one perhaps empty. */
const wordsOf = (line: string) => line.split(' ');
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ');
const sorted = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort();

describe('completion in bash', () => {
  let script = '';
  beforeAll(async () => {
    script = await scriptFor('bash');
  });

  const complete = (words: readonly string[]) =>
    sorted(
      run(
        'bash',
        ['--norc', '--noprofile'],
        `${script}
COMP_WORDS=(${quoted(words)}); COMP_CWORD=${words.length - 1}
_lvskit
printf '%s\\n' "\${COMPREPLY[@]}"`,
      ),
    );

  it.each(offers)('of %j offers %j', (line, offered) => {
    const found = complete(wordsOf(line)).filter((word) => word !== 'lvskit');
    // At the top every command is offered where none is known.
    if (line === 'lvskit nonsense ') expect(found).toContain('save');
    else expect(found).toEqual(offered);
  });

  it('goes on behind an equals sign, which bash takes for a word', () => {
    expect(complete(['lvskit', 'save', '--format', '='])).toEqual(['ipvsadm', 'json', 'yaml']);
    expect(complete(['lvskit', 'save', '--format', '=', 'y'])).toEqual(['yaml']);
  });

  it('is what the shell calls for lvskit', () => {
    expect(run('bash', ['--norc'], `${script}\ncomplete -p lvskit`)).toBe(
      'complete -F _lvskit lvskit\n',
    );
  });
});

describe.runIf(isInstalled('zsh'))('completion in zsh', () => {
  let script = '';
  beforeAll(async () => {
    script = await scriptFor('zsh');
  });

  /** What the functions of zsh would be given to offer, those that match. */
  const harness = `
compdef() { print -r -- "compdef $*" }
compadd() { shift; print -rl -- $@ }
_files() { print -rl -- *(N) }
_describe() { local name=\${@[-1]}; print -rl -- \${\${(P)name}%%:*} }
`;

  it.each(offers)('of %j offers %j', (line, offered) => {
    const words = wordsOf(line);
    const last = words.at(-1) ?? '';
    const text = run(
      'zsh',
      ['-f'],
      `${harness}${script}
words=(${quoted(words)}); CURRENT=${words.length}
_lvskit`,
    );
    expect(text).toMatch(/^compdef _lvskit lvskit\n/);
    const found = sorted(text.slice(text.indexOf('\n') + 1)).filter((word) =>
      word.startsWith(last),
    );
    if (line === 'lvskit nonsense ') expect(found).toContain('save');
    else expect(found).toEqual(offered);
  });

  it('is found by the completion system of zsh itself', () => {
    const text = run(
      'zsh',
      ['-f'],
      `autoload -Uz compinit; compinit -u -D
eval ${JSON.stringify('source /dev/stdin')} <<'END'
${script}
END
print -r -- $_comps[lvskit]`,
    );
    expect(text).toBe('_lvskit\n');
  });
});

describe.runIf(isInstalled('fish'))('completion in fish', () => {
  let script = '';
  beforeAll(async () => {
    script = await scriptFor('fish');
  });

  it.each(offers)('of %j offers %j', (line, offered) => {
    const text = run('fish', ['--no-config'], `${script}\ncomplete -C '${line}'`);
    const found = sorted(text).map((one) => one.split('\t')[0]);
    if (line === 'lvskit nonsense ') expect(found).toContain('save');
    else expect(found).toEqual(offered);
  });

  it('says what each word is', () => {
    const text = run('fish', ['--no-config'], `${script}\ncomplete -C 'lvskit sa'`);
    expect(text).toBe('save\twrite the table to a file\n');
  });
});

describe('completion', () => {
  it('is for the shells that there are', async () => {
    const { code, stderr } = await lvskit(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are bash, zsh, fish.');
  });
});
