/** The properties of an object that are not undefined. */
export type Defined<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/**
 * Leaves out the properties that are undefined: absent is how both the types above and the addon
 * below say that there is no value.
 */
export function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
