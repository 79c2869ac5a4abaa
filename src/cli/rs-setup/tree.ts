import type { NamedProgram } from '../named-program.ts';

export const rsSetupProgram: NamedProgram = {
  name: 'rs-setup',
  summary: 'set a machine up as a real server of Linux Virtual Server, and undo it exactly',
  purpose:
    'Sets this machine up for the connections that a director of Linux Virtual Server sends it, by direct routing, through a tunnel or by address translation: addresses, routes, sysctls and tunnels, each with its reason.',
  exitStatus: [
    [0, 'done, or nothing to do'],
    [1, 'something failed and was taken back'],
    [2, 'wrong usage, or settings that cannot be on this machine'],
    [3, 'verify: something is not as it should be'],
    [77, 'not permitted'],
  ],
  tree: [
    {
      name: 'apply',
      summary: 'make this machine a real server',
      load: () => import('./apply.ts'),
    },
    {
      name: 'verify',
      summary: 'prove that this machine is a real server as it should be',
      load: () => import('./verify.ts'),
    },
    {
      name: 'status',
      summary: 'say what is set up, and whether it is in place',
      load: () => import('./status.ts'),
    },
    {
      name: 'script',
      summary: 'print a shell script that does it where there is no Node.js',
      load: () => import('./script.ts'),
    },
    {
      name: 'undo',
      summary: 'make everything as it was before',
      load: () => import('./undo.ts'),
    },
  ],
};
