import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  claim,
  emptyLedger,
  findEntry,
  type Ledger,
  rebase,
  release,
  targetOf,
} from '../../../src/real-server/ledger.ts';
import type { Setting, SysctlSetting } from '../../../src/real-server/setting.ts';

const sysctl = (name: string, value: string | null): SysctlSetting => ({
  kind: 'sysctl',
  name,
  value,
});

/** What a kernel has, changed by the ledger's rules as apply and undo change it. */
class Model {
  readonly kernel = new Map<string, string>();
  ledger: Ledger = emptyLedger('boot');

  read({ name }: SysctlSetting): SysctlSetting {
    return sysctl(name, this.kernel.get(name) ?? '0');
  }

  apply(setup: string, wanted: SysctlSetting): void {
    this.ledger = claim(this.ledger, setup, wanted, this.read(wanted));
    this.#write(wanted);
  }

  undo(setup: string): void {
    const names = new Set([setup]);
    for (const entry of [...this.ledger.entries].reverse()) {
      const claims = entry.claims.filter((one) => one.setup !== setup);
      this.#write(targetOf({ ...entry, claims }));
      this.ledger = release(this.ledger, entry, names);
    }
  }

  #write(setting: Setting): void {
    if (setting.kind === 'sysctl' && setting.value !== null) {
      this.kernel.set(setting.name, setting.value);
    }
  }
}

describe('the ledger', () => {
  it('goes back to the start whatever is applied and undone in whichever order', () => {
    const value = fc.constantFrom('0', '1', '2');
    const name = fc.constantFrom('a', 'b', 'c');
    const setup = fc.constantFrom('one', 'two', 'three');
    const step = fc.record({ setup, name, value, undo: fc.boolean() });
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.array(step), (start, steps) => {
        const model = new Model();
        for (const [key, text] of Object.entries(start)) model.kernel.set(key, text);
        const before = new Map(model.kernel);
        for (const key of ['a', 'b', 'c']) before.set(key, before.get(key) ?? '0');
        for (const one of steps) {
          if (one.undo) model.undo(one.setup);
          else model.apply(one.setup, sysctl(one.name, one.value));
        }
        for (const one of ['two', 'three', 'one']) model.undo(one);
        for (const [key, text] of model.kernel) expect(text).toBe(before.get(key));
        expect(model.ledger.entries).toEqual([]);
      }),
    );
  });

  it('keeps what the first setup found, and does what the last one wants', () => {
    let ledger = claim(emptyLedger('boot'), 'one', sysctl('a', '1'), sysctl('a', '0'));
    ledger = claim(ledger, 'two', sysctl('a', '2'), sysctl('a', '1'));
    const entry = findEntry(ledger, sysctl('a', null));
    expect(entry?.original.value).toBe('0');
    expect(entry && targetOf(entry).value).toBe('2');
  });

  it('is the same object when nothing is new', () => {
    const ledger = claim(emptyLedger('boot'), 'one', sysctl('a', '1'), sysctl('a', '0'));
    expect(claim(ledger, 'one', sysctl('a', '1'), sysctl('a', '1'))).toBe(ledger);
  });

  it('takes the first value of a sysctl whose link came later', () => {
    let ledger = claim(emptyLedger('boot'), 'one', sysctl('a', '0'), sysctl('a', null));
    ledger = claim(ledger, 'one', sysctl('a', '0'), sysctl('a', '1'));
    expect(findEntry(ledger, sysctl('a', null))?.original.value).toBe('1');
  });

  it('after a start of the machine goes back to what came with it, but not to its own', () => {
    let ledger = claim(emptyLedger('boot'), 'one', sysctl('a', '1'), sysctl('a', '0'));
    ledger = claim(ledger, 'one', sysctl('b', '1'), sysctl('b', '0'));
    const after = rebase(ledger, 'another', [sysctl('a', '1'), sysctl('b', '2')]);
    expect(after.epoch).toBe('another');
    expect(after.entries.map(({ original }) => original.value)).toEqual(['0', '2']);
  });
});
