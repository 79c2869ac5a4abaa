import { readdir, readFile, readlink } from 'node:fs/promises';

const enough = 5;

/** The programs that have something open below a folder, by name and process id. */
export async function usersOf(folder: string): Promise<readonly string[]> {
  const users: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (!(await uses(pid, folder))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'somebody');
    users.push(`${name.trim()} (pid ${pid})`);
  }
  const more = users.length - enough;
  return more > 0 ? [...users.slice(0, enough), `${more} more`] : users;
}

/** Reading these links asks the kernel alone, never the file system that they lead into. */
async function uses(pid: string, folder: string): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = ['cwd', 'root', 'exe', ...files.map((file) => `fd/${file}`)];
  for (const link of links) {
    const path = await readlink(`/proc/${pid}/${link}`).catch(() => '');
    if (path === folder || path.startsWith(`${folder}/`)) return true;
  }
  return false;
}
