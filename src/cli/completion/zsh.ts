import type { DescribedCommand } from '../command-context.ts';
import { type CompletedCommand, completedCommands, functionName, type Values } from './words.ts';

/** The completion of the whole command line for zsh, to be sourced or kept in `fpath` as `_lvskit`. */
export function zshCompletion(root: DescribedCommand): string {
  const all = completedCommands(root);
  const name = root.command.name();
  const own = functionName(name);
  return `#compdef ${name}
# Completion of ${name} for zsh. Made by: ${name} completion zsh
${own}() {
  # Not "path": that is where zsh looks for programs.
  local place='' index
  local -a offered
  for ((index = 2; index < CURRENT; index++)); do
    case "$place \${words[index]}" in
${all
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ('${path}') place='${path}' ;;`)
  .join('\n')}
    esac
  done
  case "$place \${words[CURRENT - 1]}" in
${all.flatMap(optionCases).join('\n')}
  esac
  case $place in
${all.map(pathCase).join('\n')}
  esac
}
if [[ $funcstack[1] == ${own} ]]; then
  ${own} "$@"
else
  compdef ${own} ${name}
fi
`;
}

function optionCases({ path, options }: CompletedCommand): readonly string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ flags, values }) => {
      const patterns = flags.map((flag) => `'${path} ${flag}'`).join('|');
      return `    (${patterns})\n      ${valueLine(values)}\n      return\n      ;;`;
    });
}

function pathCase({ path, commands, options, values }: CompletedCommand): string {
  const described = options.flatMap(({ flags, description }) =>
    flags.map((flag) => described1(flag, description)),
  );
  const names = commands.map(({ name, summary }) => described1(name, summary));
  const rest =
    names.length > 0
      ? `offered=(${names.join(' ')})\n      _describe -t commands command offered`
      : valueLine(values);
  return `    ('${path}')
      if [[ \${words[CURRENT]} == -* ]]; then
        offered=(${described.join(' ')})
        _describe -t options option offered
        return
      fi
      ${rest}
      ;;`;
}

function valueLine(values: Values): string {
  if (values === undefined) return ':';
  if (values === 'files') return '_files';
  if (values === 'namespaces') return 'compadd -- /run/netns/*(N:t)';
  return `compadd -- ${values.join(' ')}`;
}

/** A word and what it is, quoted. */
function described1(word: string, description: string): string {
  const text = description.replaceAll("'", '').replaceAll(':', '\\:');
  return `'${word}:${text}'`;
}
