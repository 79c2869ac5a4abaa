import type { NamedProgram } from '../named-program.ts';

export const rsSetupProgram: NamedProgram = {
  name: 'rs-setup',
  summary: 'set a machine up as a real server of Linux Virtual Server, and undo it exactly',
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
      name: 'undo',
      summary: 'make everything as it was before',
      load: () => import('./undo.ts'),
    },
  ],
};
