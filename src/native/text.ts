import type { NativeTable } from './ipvs.ts';

/** How far a block was turned into rows. */
export interface NativeConnectionRows {
  /** Bytes of whole lines that are done with. */
  readonly read: number;
  /** Bytes of the rows of these. */
  readonly written: number;
  /** Whether the next line is no entry of the table. */
  readonly malformed: boolean;
}

export interface NativeTableLayout {
  /** The columns of `--stats`, zeros where none were read; else those of a plain `-L`. */
  readonly statistics: boolean;
  /** Counters in full. */
  readonly exact: boolean;
  /** In ipvsadm's order; else in that of the records. */
  readonly sort: boolean;
}

/** Text of large tables with numbers for names, byte for byte as ipvsadm prints it. */
export interface TextAddon {
  /**
   * Turns the whole lines of `input`, lines of /proc/net/ip_vs_conn without the headings, into rows
   * of `ipvsadm -Lnc`, as far as there is room: for a row of 4352 bytes, or nothing is done.
   *
   * @param withEngines With name and data of persistence engines.
   */
  connectionRows(input: Uint8Array, output: Uint8Array, withEngines: boolean): NativeConnectionRows;

  /** The lines of `ipvsadm -Ln` below its headings. */
  tableLines(table: NativeTable, layout: NativeTableLayout): Uint8Array;
}
