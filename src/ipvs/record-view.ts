/** One buffer of packed records, seen in the widths that its fields have. */
export class RecordView {
  readonly buffer: ArrayBuffer;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer, 0, buffer.byteLength >> 1);
    this.u32 = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
    this.u64 = new BigUint64Array(buffer, 0, buffer.byteLength >> 3);
  }

  /** Offsets are in bytes throughout. */
  getU8(at: number): number {
    return this.u8[at] ?? 0;
  }
  getU16(at: number): number {
    return this.u16[at >> 1] ?? 0;
  }
  getU32(at: number): number {
    return this.u32[at >> 2] ?? 0;
  }
  setU8(at: number, value: number): void {
    this.u8[at] = value;
  }
  setU16(at: number, value: number): void {
    this.u16[at >> 1] = value;
  }
  setU32(at: number, value: number): void {
    this.u32[at >> 2] = value;
  }

  /** A name from a field of `size` bytes that it need not fill, a character for each byte. */
  getText(at: number, size: number): string {
    let name = '';
    for (let place = at; place < at + size; place++) {
      const byte = this.getU8(place);
      if (byte === 0) break;
      name += String.fromCharCode(byte);
    }
    return name;
  }

  /** Writes a name that has been checked to be ASCII and to fit. */
  setText(at: number, value: string): void {
    for (let index = 0; index < value.length; index++)
      this.u8[at + index] = value.charCodeAt(index);
  }
}
