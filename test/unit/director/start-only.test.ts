import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { startOnlyChanges } from '../../../src/director/start-only.ts';

const configOf = (...lines: readonly string[]) =>
  parseConfig([...lines, 'services: []'].join('\n'), 'x');

describe('what a director takes when it starts', () => {
  it('is named when another configuration has it otherwise', () => {
    const started = configOf('metrics: { listen: 127.0.0.1:9631 }');
    expect(startOnlyChanges(started, configOf('metrics: { listen: 127.0.0.1:9631 }'))).toEqual([]);
    const changed = configOf(
      'director: { state-directory: /srv/lvskit, history-size: 1MiB, drift: report }',
      'control: { socket: /run/other.sock }',
      'hooks: [{ exec: [/bin/true], events: [drained] }]',
    );
    expect(startOnlyChanges(started, changed)).toEqual([
      'director.state-directory',
      'director.history-size',
      'control',
      'metrics',
    ]);
  });
});
