import type { Command } from 'commander';
import type { StatusDocument } from '../../control/documents.ts';
import { findService } from '../../observe/find-server.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, type DirectorOptions, directorOf } from '../director-options.ts';
import { exitCode } from '../exit-code.ts';
import { complaints, directorLines, directorRows, isWell } from '../output/director-rows.ts';
import { writeDocument } from '../output/document.ts';
import { humanDuration } from '../output/human-duration.ts';
import { type Style, styleFor } from '../output/style.ts';

export const details: CommandDetails = {
  text: [
    `Shows how the director stands, with its services and their servers: the state of each, its
    weight in the kernel (* where an operator has set it), its connections, how fast they come, for
    how long it stands so, and what its last check found.`,
    `up serves; starting has a weight that still grows; standby is up while the fallback serves;
    drain and maint are out on purpose; down is down; kept is down too, but keeps its weight since so
    many are down that the checks are not believed.`,
  ],
  examples: [
    { command: 'lvskit status', what: 'everything' },
    { command: 'lvskit status web', what: 'one service' },
    { command: 'lvskit status -o json', what: 'for programs, counters with every digit' },
  ],
  exitStatus: [
    [0, 'all is well; what is out on purpose is'],
    [1, 'no director answers, there is no such service, or something failed'],
    [2, 'wrong usage'],
    [3, 'something is down or refused'],
    [77, 'not permitted'],
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(command.argument('[service]', 'this one alone, by its name'), context);
  return (options, [service]) =>
    status(service as string | undefined, options as unknown as DirectorOptions, context);
}

async function status(
  name: string | undefined,
  options: DirectorOptions,
  context: CommandContext,
): Promise<number> {
  const { stdout, environment } = context;
  const whole = await directorOf(options, context).status();
  const shown =
    name === undefined ? whole : { ...whole, services: [findService(whole.services, name)] };
  if (options.output !== 'text') await writeDocument(stdout, options.output, shown);
  else {
    const style = styleFor(stdout, environment);
    for (const line of statusText(shown, style)) stdout.write(`${line}\n`);
  }
  return isWell(shown) ? exitCode.done : exitCode.notAsItShouldBe;
}

function statusText(status: StatusDocument, style: Style): readonly string[] {
  return [
    directorLine(status),
    ...complaints(status).map((complaint) => style.red(complaint)),
    '',
    ...(status.services.length === 0
      ? [style.dim('no services')]
      : directorLines(directorRows(status), style)),
  ];
}

/** The director in one line. */
export function directorLine({ director, configuration, time }: StatusDocument): string {
  const { version, pid, startedAt, state } = director;
  const up = humanDuration(time - startedAt);
  const loaded = humanDuration(time - configuration.loadedAt);
  return `lvskit ${version}, pid ${pid}, ${state} for ${up}, configuration loaded ${loaded} ago`;
}
