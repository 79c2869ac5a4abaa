import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../../src/config/config-error.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { parseConfig } from '../../../src/config/load.ts';

const services = 'services: [{ listen: "tcp 192.0.2.10:80", servers: [10.0.0.11, 10.0.0.12] }]';
const nfs = '{ type: nfs, server: nas.example, export: /www, mount-point: /srv/www';

function problemsOf(...lines: readonly string[]): readonly string[] {
  try {
    parseConfig(lines.join('\n'), 'lvskit.yaml');
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map(
      ({ line, column, message }) => `${line}:${column} ${message}`,
    );
  }
}

describe('storage in lvskit.yaml', () => {
  it('is read for rs-setup, of all servers or of some', () => {
    const { storage } = parseConfig(
      [services, 'storage:', `  - ${nfs} }`, `  - ${nfs}2, servers: [10.0.0.12] }`].join('\n'),
      'lvskit.yaml',
    );
    expect(storage).toMatchObject([
      { type: 'nfs', export: '/www' },
      { 'mount-point': '/srv/www2', servers: ['10.0.0.12'] },
    ]);
    expect(parseConfig(services, 'lvskit.yaml').storage).toBeUndefined();
  });

  it('is refused with its place, along with what is wrong elsewhere', () => {
    expect(
      problemsOf(
        services.replace('10.0.0.12', 'ten'),
        'storage:',
        `  - ${nfs}, servers: [10.0.0.13] }`,
        `  - ${nfs}, sevrers: [10.0.0.11] }`,
      ),
    ).toEqual([
      expect.stringMatching(/^1:\d+ must be an address/),
      expect.stringMatching(/^4:\d+ unknown key "sevrers"/),
    ]);
    expect(problemsOf(services, 'storage:', `  - ${nfs}, servers: [10.0.0.13] }`)).toEqual([
      expect.stringMatching(/^3:\d+ 10\.0\.0\.13 is a server of no service$/),
    ]);
    expect(problemsOf(services, 'storage:', `  - ${nfs}, servers: [x] }`)).toEqual([
      expect.stringMatching(/^3:\d+ .*must be an address/),
    ]);
  });

  it('is in the schema for editors', () => {
    expect(JSON.stringify(configJsonSchema())).toContain('mount-point');
  });
});
