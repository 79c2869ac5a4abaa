import { longestLine, type MakeRows, rowMaker } from './connection-rows.ts';

/** How the connection table is listed (`ipvsadm -Lc`). */
export interface ConnectionListingOptions {
  /** Head the columns of name and data of persistence engines (`--persistent-conn`). Default false. */
  readonly persistenceEngines?: boolean;
  /** What makes the rows below the headings. Default: {@link rowMaker} without names. */
  readonly makeRows?: MakeRows;
}

/** Fills the buffer, at least partly; resolves to the count of bytes, 0 at the end of the file. */
export type ReadBlock = (buffer: Uint8Array) => Promise<number>;

/**
 * How a listing ended: with the file; `empty` when the file has not even its headings; `malformed`
 * at a line that is no entry, where ipvsadm ends too if it is a blank one.
 */
export type ConnectionListingEnd = 'complete' | 'empty' | 'malformed';

const NEWLINE = 0x0a;
const blockSize = 131_072;
/** Rows take a little more than the lines they are made of. */
const outputSize = 1.5 * blockSize;

/** A block of the file, with room before it for the line that the block before ended within. */
class Block {
  readonly #bytes: Buffer = Buffer.allocUnsafe(longestLine + blockSize + 1);
  #from = 0;
  #to = 0;

  /** Where to read to. */
  get room(): Buffer {
    return this.#bytes.subarray(longestLine, longestLine + blockSize);
  }

  /** What is not done with yet. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to);
  }

  /** Takes what was read, behind what is left of the block before. */
  fill(size: number, before: Buffer): void {
    this.#from = longestLine - before.length;
    this.#to = longestLine + size;
    this.#bytes.set(before, this.#from);
  }

  /** Done with so many bytes. */
  drop(size: number): void {
    this.#from += size;
  }

  /** A last line without an end is one all the same. */
  end(): void {
    if (this.#from < this.#to) this.#bytes[this.#to++] = NEWLINE;
  }
}

/**
 * The text of `/proc/net/ip_vs_conn` as `ipvsadm -Lc` prints it, in its order and in pieces of whole
 * lines. A piece is good until the next one is asked for. Memory does not grow with the table.
 */
export async function* listConnections(
  read: ReadBlock,
  options: ConnectionListingOptions = {},
): AsyncGenerator<Buffer, ConnectionListingEnd> {
  const { persistenceEngines = false, makeRows = rowMaker(undefined, persistenceEngines) } =
    options;
  const output = Buffer.allocUnsafe(outputSize);
  let block = new Block();
  let next = new Block();
  let headed = false;
  let size = await read(block.room);
  block.fill(size, Buffer.alloc(0));
  for (;;) {
    // One block is read while the other is used.
    const reading = size > 0 ? read(next.room) : undefined;
    // Who breaks off the listing does not hear of its failure.
    reading?.catch(() => undefined);
    if (reading === undefined) block.end();
    const headingsEnd = headed ? 0 : block.rest.indexOf(NEWLINE) + 1;
    if (headingsEnd > 0) {
      headed = true;
      block.drop(headingsEnd);
      yield Buffer.from(headings(persistenceEngines), 'latin1');
    }
    for (let done = headed ? 1 : 0; done > 0; ) {
      const rows = makeRows(block.rest, output);
      if (rows.written > 0) yield output.subarray(0, rows.written);
      if (rows.malformed) return 'malformed';
      done = rows.read;
      block.drop(done);
    }
    if (block.rest.length > longestLine) return 'malformed';
    if (reading === undefined) return headed ? 'complete' : 'empty';
    size = await reading;
    next.fill(size, block.rest);
    [block, next] = [next, block];
  }
}

/** Both lines above the table. The column of the destination is narrower in rows with an engine. */
function headings(persistenceEngines: boolean): string {
  const engine = persistenceEngines
    ? `${'destination'.padEnd(18)} ${'pe name'.padEnd(16)} pe_data`
    : '';
  const columns = `${'source'.padEnd(18)} ${'virtual'.padEnd(18)} ${engine || 'destination'}`;
  return `IPVS connection entries\npro expire ${'state'.padEnd(11)} ${columns}\n`;
}
