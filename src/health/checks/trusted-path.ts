import { lstat, readlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const writableByOthers = 0o022;
const sticky = 0o1000;
const mostLinks = 40;

/**
 * Why a program cannot be trusted to be what root has put there; undefined when it can.
 *
 * Every folder on the way has to belong to root, or to `owner`, and nobody else may write there, but
 * into folders with the sticky bit; so with the program itself, and with what symbolic links lead to.
 *
 * @param owner The user this process runs as: whoever can be us needs no program to be us.
 */
export async function distrust(
  path: string,
  owner: number = process.getuid?.() ?? 0,
): Promise<string | undefined> {
  let left = mostLinks;
  const look = async (absolute: string): Promise<string | undefined> => {
    const names = absolute.split('/').filter((name) => name !== '');
    let place = '/';
    for (const [index, name] of ['', ...names].entries()) {
      place = index === 0 ? '/' : resolve(place, name);
      const { uid, mode, isLink, isFolder, isFile } = await kindOf(place);
      if (uid !== 0 && uid !== owner) return `${place} belongs to user ${uid}`;
      if (isLink) {
        if (left-- === 0) return `${path} has too many symbolic links`;
        const rest = names.slice(index).join('/');
        return await look(resolve(dirname(place), await readlink(place), rest));
      }
      const isShared = isFolder && (mode & sticky) !== 0;
      if ((mode & writableByOthers) !== 0 && !isShared) return `${place} can be written by others`;
      const isLast = index === names.length;
      if (isLast && !isFile) return `${place} is no ordinary file`;
      if (!isLast && !isFolder) return `${place} is no folder`;
    }
    return undefined;
  };
  try {
    return path.startsWith('/') && !path.includes('\0')
      ? await look(path)
      : 'its path is not absolute';
  } catch (error) {
    return (error as Error).message;
  }
}

async function kindOf(place: string) {
  const found = await lstat(place);
  return {
    uid: found.uid,
    mode: found.mode,
    isLink: found.isSymbolicLink(),
    isFolder: found.isDirectory(),
    isFile: found.isFile(),
  };
}
