import type { DescribedCommand } from '../command-context.ts';
import {
  type CompletedCommand,
  type CompletedOption,
  completedCommands,
  functionName,
  type Values,
} from './words.ts';

/** The completion of the whole command line for fish. */
export function fishCompletion(root: DescribedCommand): string {
  const all = completedCommands(root);
  const name = root.command.name();
  const own = functionName(name);
  const paths = all.map(({ path }) => path).filter((path) => path !== '');
  return `# Completion of ${name} for fish. Made by: ${name} completion fish
function _${own}_is_at --argument-names place
    set -l path ''
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if contains -- "$path $word" ${paths.map(quoted).join(' ')}
            set path "$path $word"
        end
    end
    test "$path" = "$place"
end

complete -c ${name} -f
${all.flatMap((one) => linesOf(one, name)).join('\n')}
`;
}

function linesOf(
  { path, commands, options, values }: CompletedCommand,
  name: string,
): readonly string[] {
  const here = `complete -c ${name} -n ${quoted(`_${functionName(name)}_is_at ${quoted(path)}`)}`;
  const offered = valueWords(values);
  return [
    ...commands.map((one) => `${here} -a ${one.name} -d ${quoted(one.summary)}`),
    ...(offered === undefined ? [] : [`${here} ${offered}`]),
    ...options.map((option) => `${here} ${optionWords(option)}`),
  ];
}

function optionWords({ flags, description, takesValue, values }: CompletedOption): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const value = takesValue ? (valueWords(values) ?? '-x') : undefined;
  const kind = value === undefined ? [] : values === 'files' ? ['-r', value] : ['-x', value];
  return [...names, ...new Set(kind), '-d', quoted(description)].join(' ');
}

function valueWords(values: Values): string | undefined {
  if (values === undefined) return undefined;
  if (values === 'files') return '-F';
  if (values === 'namespaces') return "-a '(ls /run/netns 2>/dev/null)'";
  return `-a ${quoted(values.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
