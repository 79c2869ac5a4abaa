import type { z } from 'zod';
import type { ComparedService } from '../ipvs/table-diff.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import type { IncludedInput, ServiceInput, SettingsInput } from './config-input.ts';
import { Defaults } from './defaults.ts';
import type { DirectorConfig } from './director-config.ts';
import { controlSchema, directorSchema, metricsSchema } from './director-schema.ts';
import { readControl, readDirector, readMetrics } from './director-settings.ts';
import { ConfigDocument } from './document.ts';
import { hooksSchema, readHooks } from './hooks.ts';
import { problemsOf } from './issues.ts';
import { configSchema, defaultsSchema, includedSchema, serviceSchema } from './schema.ts';
import { ServiceReader } from './services.ts';
import {
  loneSource,
  longestConfig,
  type Source,
  SourceCollector,
  type Sources,
} from './sources.ts';
import { readStorage } from './storage-servers.ts';
import { type FileBytes, readFileBytes } from './text-file.ts';

/**
 * Reads `lvskit.yaml`, which may be JSON as well, and all that it includes.
 *
 * @param file Its path, and what to call it in messages.
 * @throws {@link ConfigError} with everything that is wrong with it, TextFileError when the file
 * itself cannot be read.
 */
export async function loadConfig(file: string): Promise<DirectorConfig> {
  return readConfig(await readFileBytes(file, longestConfig), file, file);
}

/**
 * {@link loadConfig} of what has been read already.
 *
 * @param path Where it was read from; what it includes is relative to that. Undefined: to the current
 * folder.
 */
export async function readConfig(
  main: FileBytes,
  name: string,
  path: string | undefined,
): Promise<DirectorConfig> {
  return configOf(await new SourceCollector().collect(main, name, path));
}

/** {@link loadConfig} of a text that includes nothing. @param name What to call it in messages. */
export function parseConfig(text: string, name: string): DirectorConfig {
  return configOf(loneSource(new ConfigDocument(text, name)));
}

/** The table that a configuration declares. */
export function tableOf(config: Pick<DirectorConfig, 'services'>): readonly ComparedService[] {
  return config.services.map(({ service }) => service);
}

function configOf({ main, all, problems, names, files, folders }: Sources): DirectorConfig {
  const reader = new ServiceReader();
  const defaultsOf = new Map<Source | undefined, Defaults>([[undefined, Defaults.none]]);
  const misshapen: ConfigProblem[] = [];
  for (const source of all) {
    const { document, includedBy } = source;
    const { value } = document;
    if (value === null || value === undefined) {
      const message = 'there is nothing in it; an empty table is written "services: []"';
      source.problems.add([], message);
      continue;
    }
    const schema = source === main ? configSchema : includedSchema;
    const parsed = schema.safeParse(value);
    if (!parsed.success) misshapen.push(...shapeProblems(source, parsed.error.issues));
    const around = defaultsOf.get(includedBy) ?? Defaults.none;
    defaultsOf.set(source, readFile(source, parsed.data, reader, around));
  }
  const place = main.problems.at();
  const said = mapOf(main.document.value);
  // What is misshapen has been told; the rest can be looked at all the same.
  const director = readDirector(soundPart(directorSchema, said['director']), place.in('director'));
  const control = readControl(soundPart(controlSchema, said['control']), place.in('control'));
  const metrics = readMetrics(metricsSchema.safeParse(said['metrics']).data, place.in('metrics'));
  const storage = readStorage(said['storage'], place.in('storage'), reader.services);
  const hooks = readHooks(hooksSchema.safeParse(said['hooks']).data ?? [], place.in('hooks'));
  const order = inOrderOf(names);
  const errors = [...problems, ...misshapen, ...all.flatMap((source) => source.problems.errors)];
  if (errors.length > 0) throw new ConfigError(main.document.file, order(errors));
  const warnings = order(all.flatMap((source) => source.problems.warnings));
  const { services } = reader;
  return { director, services, control, metrics, hooks, storage, warnings, files, folders };
}

/** @returns What the file says for its services, and for what it includes. */
function readFile(
  { document, problems }: Source,
  sound: IncludedInput | undefined,
  reader: ServiceReader,
  around: Defaults,
): Defaults {
  const { services, defaults } = sound ?? partsOf(document.value);
  const own = defaults === undefined ? around : around.with(defaults, problems.at('defaults'));
  for (const [index, service] of (services ?? []).entries()) {
    const place = problems.at('services', index);
    const right =
      sound === undefined ? serviceSchema.safeParse(service).data : (service as ServiceInput);
    if (right !== undefined) reader.read(right, place, own);
    else reader.readRemains(service, place);
  }
  const { value } = document;
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isMap && !('services' in value) && !('include' in value)) {
    problems.add([], 'the key "services" is missing');
  }
  return own;
}

type Issues = Parameters<typeof problemsOf>[0];

/** What is wrong with the shape of a file. Keys of the main file have no place in others. */
function shapeProblems({ document, includedBy }: Source, issues: Issues): readonly ConfigProblem[] {
  if (includedBy === undefined) return problemsOf(issues, document);
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys' || issue.path.length > 0) {
      return problemsOf([issue], document);
    }
    const misplaced = issue.keys.filter((key) => mainKeys.has(key));
    const unknown = issue.keys.filter((key) => !mainKeys.has(key));
    return [
      ...misplaced.map((key) => {
        const message = `${key} belongs in the main file, and not in one that is included`;
        return document.problemAt([key], message, 'key');
      }),
      ...(unknown.length > 0 ? problemsOf([{ ...issue, keys: unknown }], document) : []),
    ];
  });
}

const mainKeys: ReadonlySet<string> = new Set([
  'director',
  'control',
  'metrics',
  'hooks',
  'storage',
]);

/** The parts of a file whose shape is not right, to find what else is wrong with them. */
function partsOf(value: unknown): {
  readonly defaults: SettingsInput | undefined;
  readonly services: readonly unknown[];
} {
  const { defaults, services } = mapOf(value);
  return {
    defaults: defaultsSchema.safeParse(defaults).data,
    services: Array.isArray(services) ? services : [],
  };
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? (value as Readonly<Record<string, unknown>>) : {};
}

/** What is left of a section without the keys whose shape is wrong. */
function soundPart<Part extends object>(schema: z.ZodType<Part>, value: unknown): Partial<Part> {
  const { data, error } = schema.safeParse(value);
  if (data !== undefined) return data;
  const wrong = error?.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys : issue.path.slice(0, 1),
  );
  const rest = Object.entries(mapOf(value)).filter(([key]) => !wrong?.includes(key));
  return schema.safeParse(Object.fromEntries(rest)).data ?? {};
}

/** Puts problems in the order of their places, file by file. */
function inOrderOf(
  files: readonly string[],
): (problems: readonly ConfigProblem[]) => readonly ConfigProblem[] {
  const rank = (file: string) => files.indexOf(file);
  return (problems) =>
    [...problems].sort(
      (one, other) =>
        rank(one.file) - rank(other.file) || one.line - other.line || one.column - other.column,
    );
}
