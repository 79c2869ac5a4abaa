/** A machine that is reached over ssh. */
export interface RemoteHost {
  /** As it was given, and as it is shown. */
  readonly text: string;
  /** What ssh calls it: a name of ssh_config, a host or an address, perhaps with a user before it. */
  readonly target: string;
  readonly port: number | undefined;
}

/**
 * Reads `[USER@]HOST[:PORT]`; an IPv6 address with a port stands in brackets.
 *
 * @throws RangeError
 */
export function parseRemoteHost(text: string): RemoteHost {
  const found =
    /^(?:([^@\s]+)@)?(?:\[([\da-fA-F:.%\w]+)\]|([^\s:@[\]]+)|([\da-fA-F:.]*:[\da-fA-F:.]*:[\da-fA-F:.%]*))(?::(\d+))?$/.exec(
      text,
    );
  const [, user, bracketed, name, bare, digits] = found ?? [];
  const host = bracketed ?? name ?? bare;
  const port = digits === undefined ? undefined : Number(digits);
  // What begins with a dash would be an option of ssh.
  const isOption = [user, host].some((part) => part?.startsWith('-') ?? false);
  if (host === undefined || isOption || port === 0 || (port ?? 0) > 65535) {
    throw new RangeError(`${text} is no host such as rs1, root@rs1 or root@[2001:db8::11]:2222`);
  }
  return { text, target: user === undefined ? host : `${user}@${host}`, port };
}
