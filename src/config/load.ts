import type { ComparedService } from '../ipvs/table-diff.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import type { ConfigInput, ServiceInput, SettingsInput } from './config-input.ts';
import { ConfigDocument } from './document.ts';
import { problemsOf } from './issues.ts';
import { Problems } from './problems.ts';
import { configSchema, defaultsSchema, serviceSchema } from './schema.ts';
import { type DeclaredService, ServiceReader } from './services.ts';

/** A configuration that is right. */
export interface Config {
  readonly services: readonly DeclaredService[];
  /** What is allowed and yet doubtful. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Reads `lvskit.yaml`, which may be JSON as well.
 *
 * @param file What to call it in messages.
 * @throws {@link ConfigError} with everything that is wrong with it.
 */
export function parseConfig(text: string, file: string): Config {
  const document = new ConfigDocument(text, file);
  if (document.value === null || document.value === undefined) {
    const message = 'there is nothing in it; an empty table is written "services: []"';
    throw new ConfigError(file, [document.problemAt([], message)]);
  }
  const parsed = configSchema.safeParse(document.value);
  const misshapen = parsed.success ? [] : problemsOf(parsed.error.issues, document);
  const parts = parsed.success ? undefined : partsOf(document.value);
  const found = new Problems(document);
  const reader = new ServiceReader(found, (parts ?? parsed.data)?.defaults ?? {});
  for (const [index, service] of (parts?.services ?? parsed.data?.services ?? []).entries()) {
    const sound =
      parts === undefined ? (service as ServiceInput) : serviceSchema.safeParse(service).data;
    if (sound !== undefined) reader.read(sound, index);
    else reader.readRemains(service, index);
  }
  const problems = [...misshapen, ...found.errors];
  if (problems.length > 0) throw new ConfigError(file, inOrder(problems));
  return { services: reader.services, warnings: inOrder(found.warnings) };
}

/** The table that a configuration declares. */
export function tableOf(config: Config): readonly ComparedService[] {
  return config.services.map(({ service }) => service);
}

/** The parts of a configuration whose shape is not right, to find what else is wrong with them. */
function partsOf(value: unknown): {
  readonly defaults: SettingsInput | undefined;
  readonly services: readonly unknown[];
} {
  const { defaults, services } = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly [Key in keyof ConfigInput]?: unknown;
  };
  return {
    defaults: defaultsSchema.safeParse(defaults).data,
    services: Array.isArray(services) ? services : [],
  };
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return [...problems].sort((one, other) => one.line - other.line || one.column - other.column);
}
