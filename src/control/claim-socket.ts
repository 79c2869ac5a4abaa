import { chmod, chown, lstat, mkdir, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { ControlError } from './control-error.ts';

/**
 * Has a server listen at the path of a unix socket. What a director left there that has ended is
 * replaced; one that answers is not.
 *
 * @param group Who may write to it besides its owner; undefined for nobody.
 * @throws ControlError `CONTROL_UNUSABLE`
 */
export async function claimSocket(
  server: Server,
  path: string,
  group: number | undefined,
): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined) {
      if (!found.isSocket()) throw new Error('there is something else than a socket');
      if (await answers(path)) throw new Error('another director answers there');
      await unlink(path);
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if (group !== undefined) await chown(path, -1, group);
    await chmod(path, group === undefined ? 0o600 : 0o660);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? message : (reasons[code] ?? message);
    server.close();
    const text = `cannot listen at ${path}: ${reason}`;
    throw new ControlError('CONTROL_UNUSABLE', text, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another director has just begun to',
  EACCES: 'permission denied',
  EPERM: "the director's user is not a member of the group that it is to belong to",
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the path is too long',
};

const patienceMs = 1000;

/** Whether somebody accepts connections there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patienceMs, () => done(true));
    socket.once('connect', () => done(true));
    // EAGAIN: it has a full backlog, so somebody is there.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(code === 'EAGAIN'));
  });
}
