import { defineConfig } from 'vitest/config';

/**
 * Suites that change the kernel's state share one guest and its one CPU: one file at a time. Each
 * has a process of its own, since many count the descriptors and threads that they leave behind.
 */
const onOneKernel = {
  pool: 'forks',
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Guests share two processors with other stages, and a frame or a deadline gets lost now and then.
  // What fails twice is broken; what needed a second try is marked so in the output.
  retry: 1,
} as const;

export default defineConfig({
  test: {
    // Every file has a process of its own, and four kernels run the same ones.
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
        },
      },
      { test: { name: 'peer', include: ['test/peer/**/*.test.ts'], ...onOneKernel } },
      { test: { name: 'types', include: ['test/types/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'scripts',
          include: ['test/scripts/**/*.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
