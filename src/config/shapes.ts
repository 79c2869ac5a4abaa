import { z } from 'zod';
import { durationPattern } from './duration.ts';

export const maxInt = 0x7fffffff;

/**
 * An object that knows its keys. Which keys there are travels in the message, for the code that
 * makes a sentence of an unknown one.
 */
export function section<Shape extends z.core.$ZodShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? JSON.stringify(Object.keys(shape)) : undefined,
  });
}

export function wholeNumber(lowest: number, highest: number): z.ZodInt {
  const error = `must be a whole number from ${lowest} to ${highest}`;
  return z.int({ error }).min(lowest, { error }).max(highest, { error });
}

export const duration: z.ZodString = z
  .string({ error: 'must be a duration with its unit, such as 300s or 5m' })
  .regex(durationPattern, { error: 'must be a duration with its unit, such as 300s, 5m or 1h30m' })
  .meta({ description: 'A duration with its unit: ms, s, m, h or d.', examples: ['300s', '5m'] });

export const percentage: z.ZodString = z
  .string({ error: 'must be a percentage such as 10%' })
  .regex(/^(?:100|[1-9]?\d)%$/, { error: 'must be a percentage such as 10%' })
  .meta({ description: 'A percentage.', examples: ['10%'] });

/** A list, or the one thing that would be in it. */
export function oneOrMore<Item extends z.ZodType>(
  item: Item,
): z.ZodUnion<readonly [Item, z.ZodArray<Item>]> {
  return z.union([item, z.array(item).min(1, { error: 'must not be an empty list' })]);
}
