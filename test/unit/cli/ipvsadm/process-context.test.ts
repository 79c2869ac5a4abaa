import { describe, expect, it } from 'vitest';
import { argumentBytes, programName } from '../../../../src/cli/ipvsadm/process-context.ts';

describe('the name of the program', () => {
  it.each([
    ['/usr/sbin/ipvsadm', 'ipvsadm'],
    ['/usr/sbin/ipvsadm-save', 'ipvsadm'],
    ['lvskit-ipvsadm-restore', 'lvskit-ipvsadm'],
    ['/x/lvskit-ipvsadm.js', 'lvskit-ipvsadm'],
    ['', 'ipvsadm'],
  ])('of %j is %j', (path, name) => {
    expect(programName(path)).toBe(name);
  });
});

describe('words of the command line', () => {
  it('are bytes, one character each', () => {
    expect(argumentBytes(['-A', 'plain'])).toEqual(['-A', 'plain']);
    expect(argumentBytes(['-A', 'ä€'])).toEqual(['-A', '\xc3\xa4\xe2\x82\xac']);
  });

  it('that hold a replacement character of their own keep it', () => {
    expect(argumentBytes(['\ufffd'])).toEqual(['\xef\xbf\xbd']);
  });
});
