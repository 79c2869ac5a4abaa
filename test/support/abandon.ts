import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Runs it until it stands at a step, and never goes on: all that was written down and done by then is
 * what kill -9 leaves there. Only the lock has to be taken from it.
 *
 * @returns How many steps there were, when it came to its end before.
 */
export async function abandon(
  { name, root }: { readonly name?: string; readonly root: string },
  step: number,
  run: (options: object) => Promise<unknown>,
): Promise<number> {
  let steps = 0;
  let stands = () => {};
  const standing = new Promise<void>((resolve) => {
    stands = resolve;
  });
  const onStep = async () => {
    steps++;
    if (steps !== step) return;
    stands();
    await new Promise<never>(() => {});
  };
  await Promise.race([
    run({ ...(name === undefined ? {} : { netns: name }), root, onStep }),
    standing,
  ]);
  await rm(join(root, 'var/lib/lvskit/real-server.lock'), { force: true });
  return steps;
}
