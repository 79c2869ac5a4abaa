import { defineConfig } from 'vitest/config';

/**
 * Suites that change the kernel's state share one guest and its one CPU: one file at a time, and all
 * of them in one process, since to start Node and load everything anew takes seconds there.
 */
const onOneKernel = {
  pool: 'forks',
  fileParallelism: false,
  isolate: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Guests share two processors with other stages, and a frame or a deadline gets lost now and then.
  // What fails twice is broken; what needed a second try is marked so in the output.
  retry: 1,
} as const;

export default defineConfig({
  test: {
    // Four kernels run the same files.
    experimental: { fsModuleCache: true },
    projects: [
      // Nothing there waits; but the machine may have other things to do.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'native', include: ['test/native/**/*.test.ts'], ...onOneKernel } },
      { test: { name: 'kernel', include: ['test/kernel/**/*.test.ts'], ...onOneKernel } },
      { test: { name: 'cli', include: ['test/cli/**/*.test.ts'], ...onOneKernel } },
      {
        test: {
          name: 'real-server',
          include: ['test/real-server/**/*.test.ts'],
          ...onOneKernel,
          // Half of the sources are loaded by each file; in a guest that takes longer than what it tests.
          isolate: false,
        },
      },
      { test: { name: 'peer', include: ['test/peer/**/*.test.ts'], ...onOneKernel } },
      { test: { name: 'types', include: ['test/types/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'scripts',
          include: ['test/scripts/**/*.test.ts'],
          // Each boots a guest, or builds something.
          testTimeout: 300_000,
          fileParallelism: false,
          retry: 1,
        },
      },
    ],
  },
});
