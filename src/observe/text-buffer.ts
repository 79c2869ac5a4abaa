const firstSize = 64 * 1024;

/**
 * Text that is put together of very many short pieces. In one growing string each piece would be an
 * object until somebody reads it.
 */
export class TextBuffer {
  #bytes = Buffer.allocUnsafe(firstSize);
  #length = 0;

  add(text: string): void {
    // No character takes more than three bytes for each of its units.
    const most = this.#length + text.length * 3;
    if (most > this.#bytes.length) {
      const bytes = Buffer.allocUnsafe(Math.max(most, this.#bytes.length * 2));
      this.#bytes.copy(bytes, 0, 0, this.#length);
      this.#bytes = bytes;
    }
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** All of it. Nothing can be added any more. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
