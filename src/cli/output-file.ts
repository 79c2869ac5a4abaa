import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { reasonOf } from '../config/text-file.ts';
import { InputError } from './input-error.ts';

/**
 * Writes a file whole or not at all: beside its place first, then renamed over what was there, whose
 * permissions and owner it keeps. What is no plain file, such as a pipe, is written to as it is.
 *
 * @throws {@link InputError} when it cannot be written.
 */
export async function writeWholeFile(file: string, pieces: Iterable<string>): Promise<void> {
  try {
    const target = await realpath(file).catch(() => file);
    const former = await stat(target).catch(() => undefined);
    if (former?.isDirectory()) throw new InputError(`cannot write ${file}: it is a directory`);
    if (former !== undefined && !former.isFile()) {
      await using handle = await open(target, 'w');
      for (const piece of pieces) await handle.writeFile(piece);
      return;
    }
    const beside = `${target}.${process.pid}.new`;
    try {
      await using handle = await open(beside, 'wx', former === undefined ? 0o644 : 0o600);
      for (const piece of pieces) await handle.writeFile(piece);
      if (former !== undefined) {
        await handle.chown(former.uid, former.gid);
        await handle.chmod(former.mode & 0o7777);
      }
      await handle.sync();
      await rename(beside, target);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    // The name is safe only once its directory is.
    await using directory = await open(dirname(target), 'r');
    await directory.sync();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`cannot write ${file}: ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
}
