import { type ExecFileException, execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { RealServerError } from '../real-server-error.ts';

/** What running a program came to. */
export interface ToolResult {
  /** Undefined when it had to be ended. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The Debian packages that the programs are in. */
const packages = {
  blkid: 'util-linux',
  findfs: 'util-linux',
  iscsiadm: 'open-iscsi',
  modprobe: 'kmod',
  mount: 'mount',
  'mount.nfs': 'nfs-common',
  ls: 'coreutils',
  realpath: 'coreutils',
  stat: 'coreutils',
  test: 'coreutils',
  umount: 'mount',
} as const;

export type ToolName = keyof typeof packages;

const usualFolders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin'];
const outputLimit = 64 * 1024;
const graceMs = 2000;

/** Programs of the system, run without a shell, with limits for their time and their output. */
export class Tools {
  readonly timeoutMs: number;
  readonly #folders: readonly string[];

  /** @param folders Where programs are. Default: where distributions have them. */
  constructor(timeoutMs: number, folders: readonly string[] = usualFolders) {
    this.timeoutMs = timeoutMs;
    this.#folders = folders;
  }

  /** The same with more time where there is less. */
  atLeast(timeoutMs: number): Tools {
    return timeoutMs <= this.timeoutMs ? this : new Tools(timeoutMs, this.#folders);
  }

  /** @returns What has to be installed; undefined when the program is here. */
  async missing(name: ToolName): Promise<string | undefined> {
    if ((await this.#find(name)) !== undefined) return undefined;
    return `there is no ${name} (apt-get install ${packages[name]})`;
  }

  /**
   * @throws RealServerError `REAL_SERVER_UNSUPPORTED` when it is not installed. What it ends with is
   * for the caller to judge.
   */
  async run(name: ToolName, ...words: readonly string[]): Promise<ToolResult> {
    const path = await this.#find(name);
    if (path === undefined) {
      throw new RealServerError('REAL_SERVER_UNSUPPORTED', `cannot run ${name}`, [
        (await this.missing(name)) ?? '',
      ]);
    }
    return await new Promise((resolve) => {
      const options = {
        env: { PATH: this.#folders.join(':'), LC_ALL: 'C' },
        timeout: this.timeoutMs,
        // The one signal that ends a program that waits for a dead server in the kernel.
        killSignal: 'SIGKILL',
        maxBuffer: outputLimit,
      } as const;
      const child = execFile(path, words, options, (error, stdout, stderr) => {
        clearTimeout(limit);
        resolve({ exitCode: exitCodeOf(error), stdout: stdout.trimEnd(), stderr });
      });
      child.stdin?.end();
      // Some waits are such that not even that signal reaches them.
      const limit = setTimeout(() => {
        child.unref();
        for (const stream of [child.stdout, child.stderr]) stream?.destroy();
        resolve({ exitCode: undefined, stdout: '', stderr: '' });
      }, this.timeoutMs + graceMs);
    });
  }

  async #find(name: ToolName): Promise<string | undefined> {
    for (const folder of this.#folders) {
      const path = `${folder}/${name}`;
      const found = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return path;
    }
    return undefined;
  }
}

function exitCodeOf(error: ExecFileException | null): number | undefined {
  if (error === null) return 0;
  // One that says too much has said enough.
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 0;
  return typeof error.code === 'number' ? error.code : undefined;
}

/** What a program says of its failure, in one line. */
export function wordsOfTool(name: ToolName, result: ToolResult, timeoutMs: number): string {
  if (result.exitCode === undefined) return `${name} did not end within ${timeoutMs / 1000} s`;
  const lines = result.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/dmesg\(1\)/.test(line));
  return lines.join('; ') || `${name} ended with ${result.exitCode}`;
}
