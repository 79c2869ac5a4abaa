const unitBytes: Readonly<Record<string, number>> = {
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** What a size looks like: `64KiB`, `16MiB`, `1GiB`. */
export const sizePattern: RegExp = /^(?:0|[1-9]\d{0,6})(?:KiB|MiB|GiB)$/;

/** Reads a size; undefined when it is none. @returns Bytes. */
export function parseSize(text: string): number | undefined {
  if (!sizePattern.test(text)) return undefined;
  return Number(text.slice(0, -3)) * (unitBytes[text.slice(-3)] ?? 0);
}
