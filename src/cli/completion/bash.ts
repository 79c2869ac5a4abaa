import type { DescribedCommand } from '../command-context.ts';
import { type CompletedCommand, completedCommands, functionName, type Values } from './words.ts';

/** The completion of the whole command line for bash. */
export function bashCompletion(root: DescribedCommand): string {
  const all = completedCommands(root);
  const name = root.command.name();
  const own = functionName(name);
  return `# Completion of ${name} for bash. Made by: ${name} completion bash
${own}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local path='' index
  # --option=value comes as three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$path \${COMP_WORDS[index]}" in
${all
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      '${path}') path='${path}' ;;`)
  .join('\n')}
    esac
  done
  COMPREPLY=()
  case "$path $previous" in
${all.flatMap(optionCases).join('\n')}
  esac
  case $path in
${all.map(pathCase).join('\n')}
  esac
}
complete -F ${own} ${name}
`;
}

/** What completes the value behind an option. */
function optionCases({ path, options }: CompletedCommand): readonly string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ flags, values }) => {
      const patterns = flags.map((flag) => `'${path} ${flag}'`).join(' | ');
      return `    ${patterns})\n${indented(valueLines(values))}\n      return\n      ;;`;
    });
}

function pathCase({ path, commands, options, values }: CompletedCommand): string {
  const flags = words(options.flatMap((option) => option.flags));
  const names = words(commands.map(({ name }) => name));
  const rest = commands.length > 0 ? [wordsLine(names)] : valueLines(values);
  return `    '${path}')
      if [[ $current == -* ]]; then
        ${wordsLine(flags)}
        return
      fi
${indented(rest)}
      ;;`;
}

function valueLines(values: Values): readonly string[] {
  if (values === undefined) return [':'];
  if (values === 'namespaces')
    return ['COMPREPLY=($(compgen -W "$(ls /run/netns 2>/dev/null)" -- "$current"))'];
  if (values !== 'files') return [wordsLine(words(values))];
  return ['compopt -o filenames 2>/dev/null', 'COMPREPLY=($(compgen -f -- "$current"))'];
}

const wordsLine = (list: string) => `COMPREPLY=($(compgen -W '${list}' -- "$current"))`;
const words = (list: readonly string[]) => list.join(' ');
const indented = (lines: readonly string[]) => lines.map((line) => `      ${line}`).join('\n');
