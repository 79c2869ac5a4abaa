import { afterEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../../../src/cli/ipvsadm/progress.ts';

afterEach(() => {
  vi.useRealTimers();
});

function sink(isTerminal: boolean) {
  const writes: string[] = [];
  return { isTerminal, writes, write: (bytes: Uint8Array) => writes.push(String(bytes)) };
}

describe('the progress of a restore', () => {
  it('is shown on a terminal when it takes long, not too often, and erased', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const terminal = sink(true);
    const progress = new Progress(terminal, 1000);
    progress.show(100);
    progress.clear();
    expect(terminal.writes).toEqual([]);
    vi.advanceTimersByTime(600);
    progress.show(100);
    progress.show(100);
    vi.advanceTimersByTime(200);
    progress.show(100);
    progress.clear();
    progress.clear();
    expect(terminal.writes).toEqual([
      '\r\x1b[Krestoring: 20%',
      '\r\x1b[Krestoring: 40%',
      '\r\x1b[K',
    ]);
  });

  it('is in bytes where nobody knows how many there are', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const terminal = sink(true);
    const progress = new Progress(terminal, undefined);
    vi.advanceTimersByTime(600);
    progress.show(2_540_000);
    expect(terminal.writes).toEqual(['\r\x1b[Krestoring: 2.5 MB']);
  });

  it('is not shown anywhere else', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const file = sink(false);
    const progress = new Progress(file, 1000);
    vi.advanceTimersByTime(600);
    progress.show(100);
    progress.clear();
    expect(file.writes).toEqual([]);
  });
});
