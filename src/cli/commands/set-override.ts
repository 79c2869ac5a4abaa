import type { OverrideRequest } from '../../control/documents.ts';
import type { CommandContext } from '../command-context.ts';
import { type DirectorOptions, directorOf } from '../director-options.ts';
import { exitCode } from '../exit-code.ts';
import { writeDocument } from '../output/document.ts';
import { overrideText } from './override-text.ts';

type Wanted = Omit<OverrideRequest, 'service' | 'server'> & {
  readonly service: unknown;
  readonly server: unknown;
};

/** Tells a director what is wanted of a server, and says what is wanted of it now. */
export async function setOverride(
  { service, server, ...rest }: Wanted,
  given: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<number> {
  const options = given as unknown as DirectorOptions;
  const request = { service: String(service), server: String(server), ...rest };
  const document = await directorOf(options, context).override(request);
  if (options.output === 'text') context.stdout.write(`${overrideText(document)}\n`);
  else await writeDocument(context.stdout, options.output, document);
  return exitCode.done;
}
