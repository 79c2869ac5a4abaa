/** A value as JSON has it; counters, which JSON's numbers cannot hold, are decimal strings. */
export type Json<Value> = Value extends bigint
  ? string
  : Value extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: Json<Value[Key]> }
      : Value;

/** JSON of anything, on one line, or indented. */
export function toJson(document: unknown, indent?: number): string {
  return JSON.stringify(document, counterAsText, indent);
}

function counterAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
