import { defineConfig } from 'vitest/config';

/** Suites that change the kernel's state share one guest and its one CPU: one file at a time. */
const onOneKernel = {
  pool: 'forks',
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Guests share two processors with other stages, and a frame or a deadline gets lost now and then.
  // What fails twice is broken; what needed a second try is marked so in the output.
  retry: 1,
} as const;

/** What needs that no other test has used the process, and through it the kernel. */
const alone = 'test/kernel/**/*.alone.test.ts';

export default defineConfig({
  test: {
    // Four kernels run the same files.
    experimental: { fsModuleCache: true },
    projects: [
      // Nothing there waits; but the machine may have other things to do.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'native', include: ['test/native/**/*.test.ts'], ...onOneKernel } },
      {
        test: {
          name: 'kernel-alone',
          include: [alone],
          ...onOneKernel,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          exclude: [alone],
          ...onOneKernel,
          // To start Node and load everything anew for each of so many files takes minutes.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
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
