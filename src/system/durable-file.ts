import { constants } from 'node:fs';
import * as files from 'node:fs/promises';
import { dirname } from 'node:path';

/** What writing a file so takes of a file system; tests stop it at every step. */
export interface DurableFileSystem {
  open(
    path: string,
    flags: number,
    mode?: number,
  ): Promise<{
    writeFile(text: string): Promise<void>;
    sync(): Promise<void>;
    close(): Promise<void>;
  }>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

/**
 * Writes a file so that it is there whole, the old one or the new one, at every moment, whenever the
 * process or the machine stops. Its folder has to be there. Done once it is on the disk.
 *
 * One at a time: the draft beside it has one name, so that none are left over.
 */
export async function writeDurably(
  path: string,
  text: string,
  mode: number,
  fs: DurableFileSystem = files,
): Promise<void> {
  const draft = `${path}.new`;
  try {
    // Whoever may write to the folder could have put a link there.
    const file = await fs.open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(draft, path);
  } catch (error) {
    // What is left of it would keep a full disk full.
    await fs.unlink(draft).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path), fs);
}

/** Makes the names in a folder last: without it a name can be lost although the content is not. */
export async function syncFolder(path: string, fs: DurableFileSystem = files): Promise<void> {
  const folder = await fs.open(path, O_RDONLY | O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
