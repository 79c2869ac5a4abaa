/**
 * Text of a shell script, as it is written. Only `\${` and a backtick with a backslash, which would
 * mean something to TypeScript, lose theirs.
 */
export function sh(text: TemplateStringsArray): string {
  return text.raw.join('').trimStart().replaceAll('\\${', '${').replaceAll('\\`', '`');
}

/** One word of a shell command that means nothing but itself. */
export function quoted(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
