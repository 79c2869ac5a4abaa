import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The shape of `lvskit.yaml` as a JSON Schema (2020-12), for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
