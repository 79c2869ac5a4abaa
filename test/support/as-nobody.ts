const nobody = 65_534;

/** Does the work as an ordinary user, and as root again afterwards. */
export async function asNobody(work: () => Promise<void>): Promise<void> {
  const { setgroups, setegid, seteuid, getgroups } = process;
  if (!setgroups || !setegid || !seteuid || !getgroups) throw new Error('this system has no users');
  const groups = getgroups();
  setgroups([]);
  setegid(nobody);
  seteuid(nobody);
  try {
    await work();
  } finally {
    seteuid(0);
    setegid(0);
    setgroups(groups);
  }
}
