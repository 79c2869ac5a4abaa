import { spawn } from 'node:child_process';
import { BoundedText } from './bounded-text.ts';
import type { RemoteHost } from './remote-host.ts';

export interface RemoteOptions {
  /** For ssh, each after `-o`. */
  readonly sshOptions?: readonly string[] | undefined;
  /** How long the whole of it may take on one host. Default 120 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a script on one host. */
export interface RemoteResult {
  readonly host: RemoteHost;
  /** The script's, or 255 when ssh failed; undefined when it did not end by itself. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A host that says more than this is not listened to. */
const mostBytes = 256 * 1024;
const connectSeconds = 10;

/**
 * The login shell may be any, so that all of it is in single quotes. Told apart: no root and no
 * sudo, which is 77 as everywhere.
 */
const remoteCommand = (words: readonly string[]): string =>
  `sh -c '${[
    'if [ "$(id -u)" = 0 ]; then exec sh -s "$@"; fi',
    'if ! command -v sudo >/dev/null; then echo "not root, and there is no sudo here" >&2; exit 77; fi',
    'if ! sudo -n true 2>/dev/null; then echo "not root, and sudo asks for a password (NOPASSWD for this user, or log in as root)" >&2; exit 77; fi',
    'exec sudo -n sh -s "$@"',
  ].join('\n')}' sh ${words.join(' ')}`;

/**
 * Runs a script on a host as root, over the system's ssh: with its configuration, known hosts and
 * agent, and without questions. The host is not trusted: what it says is bounded in length and time.
 *
 * @param words Plain words for the script.
 */
export async function runScriptOn(
  host: RemoteHost,
  script: string,
  words: readonly string[],
  { sshOptions = [], timeoutMs = 120_000, signal }: RemoteOptions = {},
): Promise<RemoteResult> {
  const options = [...sshOptions, 'BatchMode=yes', `ConnectTimeout=${connectSeconds}`];
  const args = [
    '-T',
    ...options.flatMap((option) => ['-o', option]),
    ...(host.port === undefined ? [] : ['-p', String(host.port)]),
    '--',
    host.target,
    remoteCommand(words),
  ];
  const stdout = new BoundedText(mostBytes);
  const stderr = new BoundedText(mostBytes);
  const deadline = AbortSignal.timeout(timeoutMs);
  const end = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  const result = (exitCode: number | undefined, words_: string): RemoteResult => ({
    host,
    exitCode,
    stdout: stdout.text,
    stderr: words_,
  });
  return await new Promise((resolve) => {
    const child = spawn('ssh', args, { stdio: 'pipe', signal: end });
    const listen = (stream: NodeJS.ReadableStream, text: BoundedText) =>
      stream.on('data', (chunk: Buffer) => {
        if (!text.add(chunk)) child.kill();
      });
    listen(child.stdout, stdout);
    listen(child.stderr, stderr);
    // A host that hangs up early says so by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(script);
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (end.aborted) return;
      const missing =
        error.code === 'ENOENT' ? 'there is no ssh here (package openssh-client)' : error.message;
      resolve(result(undefined, missing));
    });
    child.on('close', (code) => {
      if (stdout.isFull || stderr.isFull) resolve(result(undefined, 'it says too much'));
      else if (deadline.aborted) {
        resolve(
          result(
            undefined,
            `not done within ${timeoutMs / 1000} s; what is done there, status tells`,
          ),
        );
      } else if (signal?.aborted === true)
        resolve(result(undefined, 'told to end; what is done there, status tells'));
      else resolve(result(code ?? undefined, stderr.text));
    });
  });
}
