import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = fileURLToPath(new URL('programs/interrupted-calls.mjs', import.meta.url));

interface Ending {
  readonly status: number | string | null;
  readonly signal: string | null;
  readonly output: string;
  readonly errors: string;
}

function run(scene: string, count: number): Promise<Ending> {
  return new Promise((resolve) => {
    const options = { timeout: 50_000, killSignal: 'SIGKILL' } as const;
    const child = execFile(
      process.execPath,
      [program, root, scene, String(count)],
      options,
      (error, output, errors) => {
        const signal = error?.signal ?? child.signalCode;
        resolve({ status: error?.code ?? child.exitCode, signal, output, errors });
      },
    );
  });
}

describe('calls under way', () => {
  it('do not outlive a worker that is terminated, nor end the process', async () => {
    const ending = await run('workers', 25);
    expect(ending).toMatchObject({ status: 0, signal: null });
    expect(JSON.parse(ending.output)).toEqual({ survived: 25, leaked: 0 });
  });

  it.each([0, 1, 5, 20])('do not keep process.exit() from ending it after %i ms', async (delay) => {
    const ending = await run('exit', delay);
    expect(ending).toMatchObject({ status: 0, signal: null, output: '{"survived":1}\n' });
    expect(ending.errors).toBe('');
  });

  it('do not keep an uncaught exception from being the end', async () => {
    const ending = await run('exception', 5);
    expect(ending).toMatchObject({ status: 1, signal: null, output: '{"survived":1}\n' });
    expect(ending.errors).toContain('on purpose');
  });
});

describe('a socket that was forgotten open', () => {
  it('does not keep the process from ending', async () => {
    expect(await run('forgotten', 0)).toMatchObject({ status: 0, output: '{"survived":1}\n' });
  });
});
