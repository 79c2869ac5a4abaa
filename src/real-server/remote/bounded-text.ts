/** Text from somebody who is not trusted: not endless, and without what would steer a terminal. */
export class BoundedText {
  readonly #most: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns Whether it was still taken. */
  add(chunk: Buffer): boolean {
    if (this.isFull) return false;
    this.#length += chunk.length;
    this.#chunks.push(chunk);
    return !this.isFull;
  }

  get isFull(): boolean {
    return this.#length > this.#most;
  }

  get text(): string {
    const text = Buffer.concat(this.#chunks).subarray(0, this.#most).toString('utf8');
    return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (unit) => (unit === '\n' ? unit : ' '));
  }
}
