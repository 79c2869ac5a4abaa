import { stat } from 'node:fs/promises';
import type { FileProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed } from '../check-result.ts';

/** A file of this machine is there, or is not. */
export async function checkFile({ file, when }: FileProbe, attempt: Attempt): Promise<Passed> {
  attempt.phase = 'PROC';
  const isThere = await exists(file);
  const state = `the file is ${isThere ? 'there' : 'not there'}`;
  if (isThere !== (when === 'present')) throw new CheckFailure('PROCERR', state);
  return { code: 'PROCOK', detail: state };
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new CheckFailure('SOCKERR', message, { cause: error });
  }
}
