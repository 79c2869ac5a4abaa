import { UnsupportedError } from '../errors.ts';
import { parse } from '../formats/ipvsadm/parse.ts';
import type { IpvsadmContext } from './ipvsadm/context.ts';
import { openKernel } from './ipvsadm/kernel.ts';
import { argumentBytes, processContext } from './ipvsadm/process-context.ts';
import { runRestore } from './ipvsadm/restore.ts';
import { isText, readAll, readsUtf8, sourceOf, withoutComments } from './ipvsadm/restore-input.ts';
import { explain, Run, runCommand } from './ipvsadm/run.ts';

export type { ByteSink, ByteSource, IpvsadmContext } from './ipvsadm/context.ts';

/**
 * Runs one command line of ipvsadm.
 *
 * @param words The words after the program's name.
 * @returns The exit code, which is ipvsadm's: 0 done, 1 not found, 2 wrong usage or no IPVS, 255
 * refused by the kernel or by the grammar of options.
 */
export async function ipvsadm(
  words: readonly string[],
  context: IpvsadmContext = processContext(),
): Promise<number> {
  const run = new Run(context);
  try {
    return await runWords(argumentBytes(words), run);
  } catch (error) {
    const unsupported = error instanceof UnsupportedError;
    const what = unsupported ? "Can't initialize ipvs" : `${context.program}: internal error`;
    run.outputs.complain(`${what}: ${error instanceof Error ? error.message : error}\n`);
    return unsupported ? 2 : 1;
  } finally {
    run.outputs.end();
  }
}

async function runWords(words: readonly string[], run: Run): Promise<number> {
  // Without a word the table is listed, with names.
  const command = parse(words.length === 0 ? ['-L'] : words, run.parsing);
  if (command.type === 'help' || command.type === 'version') {
    explain(command.type, run);
    return 0;
  }
  const kernel = await openKernel(run.context);
  if (typeof kernel === 'string') {
    run.outputs.complain(kernel);
    return 2;
  }
  try {
    if (command.type === 'refusal') {
      run.outputs.complain(command.stderr);
      return command.exitCode;
    }
    if (command.type === 'restore') return await runRestore(run, kernel, run.context.stdin);
    return (await runCommand(command, run, kernel)).exitCode;
  } finally {
    kernel.table.close();
  }
}

/** Runs `ipvsadm-save`: the table as rules to standard output. */
export async function ipvsadmSave(
  words: readonly string[],
  context: IpvsadmContext = processContext(),
): Promise<number> {
  const numeric = words.includes('-n');
  if (words.some((word) => word.startsWith('-') && word !== '-n')) {
    context.stderr.write(
      Buffer.from(
        `${context.program}-save: Script to save the IPVS table to stdout.\n` +
          '   With the -n option, prints out the table in numeric format.\n',
      ),
    );
    return 1;
  }
  return await ipvsadm(numeric ? ['-S', '-n'] : ['-S'], context);
}

/** Runs `ipvsadm-restore`: the rules of standard input replace the table. */
export async function ipvsadmRestore(
  _words: readonly string[],
  context: IpvsadmContext = processContext(),
): Promise<number> {
  const input = await readAll(context.stdin);
  const text = isText(input);
  const utf8 = readsUtf8(context.environment);
  const { rules, incomplete } = withoutComments(text ? input : Buffer.alloc(0), utf8);
  if (!text || incomplete) {
    context.stderr.write(Buffer.from('grep: (standard input): binary file matches\n'));
  }
  await ipvsadm(['-C'], context);
  return await ipvsadm(['-R'], { ...context, stdin: sourceOf(rules) });
}
