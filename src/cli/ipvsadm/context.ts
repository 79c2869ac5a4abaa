/** What an `ipvsadm` program knows of the world; tests run it in one of their own. */
export interface IpvsadmContext {
  /** The name that complaints have for the program. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** The network namespace to work in, by path or descriptor; absent for the process's own. */
  readonly netns?: string | number;
}

export interface ByteSource {
  /** Reads what there is, at most the buffer's length; 0 at the end, and when it cannot be read. */
  read(buffer: Uint8Array): Promise<number>;
  /** How many bytes there are in all, where that is known. */
  readonly size?: number | undefined;
}

export interface ByteSink {
  /** Takes the bytes, or what can be had of them: ipvsadm does not care what becomes of them. */
  write(bytes: Uint8Array): void;
  readonly isTerminal: boolean;
  /** How many bytes the C library would collect for it. Default 4096. */
  readonly blockSize?: number;
}
