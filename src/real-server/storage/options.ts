/** Options that say nothing of how it is mounted, but when and by whom. */
const unseen = /^(_netdev|auto|bg|defaults|fg|noauto|nofail|nouser|users?)$/;

/** What the kernel chooses a fitting value for, or writes in another way. */
const negotiated = /^(rsize|wsize|nconnect|lock|nolock|ac|async|dev|exec|suid|rw)$/;

/** The options that can be looked for in what the kernel shows of a mount. */
export function visibleOptions(options: readonly string[]): readonly string[] {
  return options.filter((option) => {
    const key = option.split('=')[0] ?? '';
    return !unseen.test(key) && !negotiated.test(key);
  });
}

/** Which of the wanted options a mount does not have; `vers=4` is met by `vers=4.2`. */
export function missingOptions(
  wanted: readonly string[],
  shown: readonly string[],
): readonly string[] {
  const has = new Set(shown);
  const missing = visibleOptions(wanted).filter(
    (option) =>
      !has.has(option) && !(option === 'vers=4' && shown.some((one) => /^vers=4\./.test(one))),
  );
  // A mount shows rw where its file system shows ro, after an error or by the server's word.
  const readOnly = has.has('ro') && !wanted.includes('ro');
  return [...missing, ...(readOnly ? ['rw'] : [])];
}
