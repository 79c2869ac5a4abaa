import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowMaker } from '../../src/formats/ipvsadm/connection-rows.ts';
import { loadAddon } from '../../src/native/load.ts';

const addon = loadAddon();

const hexadecimal = (value: number, width: number, lower = false) => {
  const digits = value.toString(16).padStart(width, '0');
  return lower ? digits : digits.toUpperCase();
};
const ipv4 = fc.nat(0xffffffff).map((value) => hexadecimal(value, 8));
/** Groups that are often zero, for the runs that are printed as `::`. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.constantFrom(0xffff, 1), fc.nat(0xffff)), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => groups.map((group) => hexadecimal(group, 4, true)).join(':'));
const port = fc.nat(0xffff).map((value) => hexadecimal(value, 4));
const ends = (address: fc.Arbitrary<string>) =>
  fc.tuple(address, port, address, port, fc.oneof(ipv4, ipv6), port);
const text = (length: number) =>
  fc.uint8Array({ minLength: 1, maxLength: length }).map((bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[\0-\x20]/g, '.'),
  );

/** A line as kernels print them, or might. */
const line = fc
  .tuple(
    fc.constantFrom('TCP', 'UDP', 'SCTP', 'IP', 'ICMP', 'IP_47', 'ICMPv6'),
    fc.oneof(ends(ipv4), ends(ipv6)),
    fc.constantFrom('NONE', 'ESTABLISHED', 'TIME_WAIT', 'S-ACK-SENT', 'UDP', 'A-LONGER-STATE'),
    fc.oneof(fc.nat(100_000), fc.nat(0xffffffff)),
    fc.option(fc.tuple(text(16), text(300))),
  )
  .map(([protocol, addresses, state, seconds, engine]) => {
    const row = `${protocol.padEnd(3)} ${addresses.join(' ')} ${state.padEnd(11)} ${`${seconds}`.padStart(7)}`;
    return engine === null ? row : `${row} ${engine.join(' ')}`;
  });

/** A line with something missing, too much or changed. */
const spoilt = fc
  .tuple(line, fc.nat(500), fc.nat(3), fc.string({ unit: 'binary-ascii', maxLength: 3 }))
  .map(([whole, at, size, put]) => whole.slice(0, at) + put + whole.slice(at + size));

/** Everything that rows can be made of a text, with the count of calls it takes. */
function rowsOf(lines: string, room: number, engines: boolean, native: boolean) {
  const makeRows = native
    ? (input: Buffer, output: Buffer) => addon.connectionRows(input, output, engines)
    : rowMaker(undefined, engines);
  let input = Buffer.from(lines, 'latin1');
  const output = Buffer.alloc(room);
  let rows = '';
  for (let calls = 1; ; calls++) {
    const { read, written, malformed } = makeRows(input, output);
    rows += output.toString('latin1', 0, written);
    input = input.subarray(read);
    if (malformed || read === 0) return { rows, malformed, calls, left: input.toString('latin1') };
  }
}

function compare(lines: string, room: number, engines: boolean): void {
  const native = rowsOf(lines, room, engines, true);
  expect(native).toEqual(rowsOf(lines, room, engines, false));
}

const room = fc.constantFrom(4352, 5000, 65_536);

describe('rows of connections by the addon', () => {
  it('are those that are made with names where there are none', () => {
    fc.assert(
      fc.property(fc.array(line), room, fc.boolean(), (lines, size, engines) => {
        const whole = lines.map((one) => `${one}\n`).join('');
        compare(whole, size, engines);
        expect(rowsOf(whole, size, engines, true)).toMatchObject({ malformed: false, left: '' });
      }),
      { numRuns: 300 },
    );
  });

  it('end where those end, at lines that are none', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(line, spoilt)), room, fc.boolean(), (lines, size, engines) =>
        compare(lines.join('\n'), size, engines),
      ),
      { numRuns: 600 },
    );
  });

  it('end likewise at bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, engines) =>
        compare(Buffer.from(bytes).toString('latin1'), 4352, engines),
      ),
    );
  });

  it('are made of lines of 4096 bytes and no longer', () => {
    const row = 'UDP 0A090001 0000 0A090001 13C4 0A090002 13C4 NONE             59 sip ';
    for (const [length, malformed] of [
      [4096, false],
      [4097, true],
    ] as const) {
      const long = `${row.padEnd(length, 'x')}\n`;
      compare(long, 4352, true);
      expect(rowsOf(long, 4352, true, true)).toMatchObject({ malformed });
    }
  });

  it('are not made without room for the longest, or over what they are made of', () => {
    const input = Buffer.from('TCP 0A090001 8A6A 0A090001 0050 0A090002 1F90 CLOSE 9\n');
    const none = { read: 0, written: 0, malformed: false };
    expect(addon.connectionRows(input, Buffer.alloc(4351), false)).toEqual(none);
    const shared = Buffer.alloc(10_000);
    expect(() =>
      addon.connectionRows(shared.subarray(0, 5000), shared.subarray(4999), false),
    ).toThrow('input and output must not overlap');
  });
});
