import type { Command } from '../../formats/ipvsadm/command.ts';
import { helpText, versionText } from '../../formats/ipvsadm/help.ts';
import type { ParseOptions } from '../../formats/ipvsadm/parse.ts';
import type { IpvsadmContext } from './context.ts';
import { execute, type Kernel, packed } from './kernel.ts';
import { runList, runSave } from './list.ts';
import { Outputs } from './output.ts';
import { SystemNames } from './system-names.ts';

/** What the commands of one run of the program share. */
export class Run {
  readonly context: IpvsadmContext;
  readonly outputs: Outputs;
  readonly names: SystemNames = new SystemNames();

  constructor(context: IpvsadmContext) {
    this.context = context;
    this.outputs = new Outputs(context);
  }

  /** How command lines are read. */
  get parsing(): ParseOptions {
    const { program, environment } = this.context;
    return {
      program,
      names: this.names,
      posixlyCorrect:
        environment['POSIXLY_CORRECT'] !== undefined ||
        environment['POSIX_ME_HARDER'] !== undefined,
    };
  }
}

/** What became of a command: the exit code it would leave, and whether the program ends with it. */
export interface Outcome {
  readonly exitCode: number;
  readonly ends: boolean;
}

/** Runs a command that is no restore. */
export async function runCommand(
  command: Exclude<Command, { readonly type: 'restore' }>,
  run: Run,
  kernel: Kernel,
): Promise<Outcome> {
  switch (command.type) {
    case 'change': {
      const { complaints, lastFailed } = await execute(kernel.table, packed(command.request), 1);
      if (complaints !== '') run.outputs.complain(complaints);
      return { exitCode: lastFailed ? 255 : 0, ends: false };
    }
    case 'list':
      return endsWhenRefused(await runList(command, run, kernel));
    case 'save':
      return endsWhenRefused(await runSave(command.numeric, run, kernel));
    case 'help':
    case 'version':
      explain(command.type, run);
      return { exitCode: 0, ends: true };
  }
}

/** Runs `-h` or `-v`, which need no kernel. */
export function explain(what: 'help' | 'version', { outputs, context }: Run): void {
  outputs.print(what === 'help' ? helpText(context.program) : versionText());
}

function endsWhenRefused(exitCode: number): Outcome {
  return { exitCode, ends: exitCode !== 0 };
}
