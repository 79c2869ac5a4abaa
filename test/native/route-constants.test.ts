import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import { uapi } from '../../src/net/uapi.ts';

describe('the numbers of rtnetlink', () => {
  it('are in TypeScript those that the kernel’s headers gave the compiler', () => {
    expect(loadAddon().routeConstants).toEqual(uapi);
  });
});
