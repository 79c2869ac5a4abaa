import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import { lvskitProgram } from '../named-program.ts';
import { wholeProgram } from '../program.ts';
import { rsSetupProgram } from '../rs-setup/tree.ts';
import { type ManualPage, manualPages } from './page.ts';

/** All manual pages, made of the trees of commands. */
export async function buildManual(version: string, date: Date): Promise<readonly ManualPage[]> {
  const silent: CommandContext = {
    stdout: { write: () => true },
    stderr: { write: () => true },
    environment: {},
    signal: new AbortController().signal,
  };
  const pages: ManualPage[] = [];
  for (const program of [lvskitProgram, rsSetupProgram]) {
    const root = await wholeProgram(program, silent, version);
    pages.push(...manualPages(root, program, { version, date }));
  }
  return pages;
}

/** Writes all manual pages into a folder, and returns their paths. */
export async function writeManual(
  folder: string,
  version: string,
  date: Date,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const { name, text } of await buildManual(version, date)) {
    const path = join(folder, name);
    await writeFile(path, text);
    paths.push(path);
  }
  return paths;
}
