import { isIP } from 'node:net';

/** Demands a name as DNS has it. @throws RangeError */
export function checkHostName(name: string): void {
  const isName =
    name.length <= 253 &&
    isIP(name) === 0 &&
    name
      .split('.')
      .every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  if (!isName) throw new RangeError('must be a host name such as www.example.org');
}

/** Demands a path from the root. @throws RangeError */
export function checkAbsolutePath(path: string): void {
  if (path.includes('\0')) throw new RangeError('must not have a NUL character');
  if (!path.startsWith('/') || path.endsWith('/')) {
    throw new RangeError('must be the absolute path of a file, beginning with "/"');
  }
}

/** Demands what a link can be called. @throws RangeError */
export function checkLinkName(name: string): void {
  if (/^[^\s/:]{1,15}$/u.test(name) && Buffer.byteLength(name) <= 15 && !/^\.{1,2}$/.test(name)) {
    return;
  }
  throw new RangeError('must be the name of a link, such as eth0');
}
