import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/command-context.ts';
import { exitCodeOf, exitCodeOfSignal } from '../../../src/cli/exit-code.ts';
import { IpvsError } from '../../../src/ipvs/ipvs-error.ts';
import { NetworkError } from '../../../src/net/network-error.ts';
import { lvskit } from '../../support/command.ts';

describe('the command line', () => {
  it('tells its commands', async () => {
    const { code, stdout, stderr } = await lvskit(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: lvskit /);
    expect(stdout).toMatch(/^ {2}lab +build a lab/m);
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await lvskit(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [[], 'error: no command given'],
    [['lob'], "error: unknown command 'lob'"],
    [['--nope'], "error: unknown option '--nope'"],
    [['lab', '--nope'], "error: unknown option '--nope'"],
    [['lab', 'more'], "error: too many arguments for 'lab'"],
    [['lab', '--scheduler', 'best'], 'Allowed choices are rr, wrr'],
    [['lab', '--forwarding'], "error: option '-f, --forwarding <method>' argument missing"],
    [['lab', '--forwarding', 'masq'], 'Allowed choices are dr, nat, tun.'],
    [['lab', '--requests', '0'], 'It must be a whole number from 1 to 1000.'],
    [['lab', '--requests', '1001'], 'It must be a whole number from 1 to 1000.'],
    [['lab', '--requests', '2e1'], 'It must be a whole number from 1 to 1000.'],
    [['lab', '--output', 'xml'], 'Allowed choices are text, json.'],
    [['lab', '--keep', '--output', 'json'], 'error: --keep shows a shell'],
  ])('answers %j with what is wrong, the usage, and exit status 2', async (words, message) => {
    const { code, stdout, stderr } = await lvskit(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    const usage = words[0] === 'lab' ? 'Usage: lvskit lab [options]\n' : 'Usage: lvskit [options]';
    expect(stderr).toContain(usage);
    // The whole help of a command would push what is wrong off the screen.
    if (words[0] === 'lab') expect(stderr.split('\n').length).toBeLessThan(6);
  });
});

describe('lvskit lab', () => {
  it('has the exit codes in its help', async () => {
    const { code, stdout } = await lvskit(['lab', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--scheduler <name>');
    expect(stdout).toContain('4 this kernel has no IPVS, 77 not permitted');
  });

  it('shows what it would build without building it', async () => {
    const { code, stdout, stderr } = await lvskit(['lab', '--dry-run', '-f', 'nat', '-6']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('inner network fd00::/64');
    expect(stdout).toContain('VIP 2001:db8::100');
  });
});

describe('exit codes', () => {
  it('tell usage, a kernel without IPVS, and a missing permission from other failures', () => {
    expect(exitCodeOf(new UsageError('no'))).toBe(2);
    expect(exitCodeOf(new IpvsError('IPVS_NOT_AVAILABLE', 'no'))).toBe(4);
    expect(exitCodeOf(new IpvsError('IPVS_NOT_PERMITTED', 'no'))).toBe(77);
    expect(exitCodeOf(new NetworkError('NETWORK_NOT_PERMITTED', 'no'))).toBe(77);
    expect(exitCodeOf(new NetworkError('NETWORK_EXISTS', 'no'))).toBe(1);
    expect(exitCodeOf(new IpvsError('IPVS_SERVICE_EXISTS', 'no'))).toBe(1);
    expect(exitCodeOf('no')).toBe(1);
  });

  it('are those of a shell when a signal ended the command', () => {
    expect(exitCodeOfSignal('SIGINT')).toBe(130);
    expect(exitCodeOfSignal('SIGTERM')).toBe(143);
    expect(exitCodeOfSignal(new Error('something else'))).toBe(1);
  });
});
