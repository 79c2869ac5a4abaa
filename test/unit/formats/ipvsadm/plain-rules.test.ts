import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../../../src/formats/ipvsadm/parse.ts';
import { PlainRules } from '../../../../src/formats/ipvsadm/plain-rules.ts';
import { wordsOf } from '../../../../src/formats/ipvsadm/rule-words.ts';
import { writeRawRequest } from '../../../../src/ipvs/raw-request.ts';
import { RecordView } from '../../../../src/ipvs/record-view.ts';
import { requestRecord } from '../../../../src/native/ipvs-records.ts';

const names = { hostAddress: () => undefined, servicePort: () => undefined };
const size = requestRecord.size;

function emptyRecords(): RecordView {
  return new RecordView(new ArrayBuffer(3 * size));
}

/** The record of a line by the plain way, in the second place; undefined when it is not plain. */
function plain(line: string): Uint8Array | undefined {
  const records = emptyRecords();
  const bytes = Buffer.from(`x\n${line}\nnext`, 'latin1');
  const end = new PlainRules().read(bytes, 2, records, size);
  const around = [...records.u8.subarray(0, size), ...records.u8.subarray(2 * size)];
  expect(around.every((byte) => byte === 0)).toBe(true);
  const record = records.u8.slice(size, 2 * size);
  if (end < 0) {
    expect(record.every((byte) => byte === 0)).toBe(true);
    return undefined;
  }
  expect(end).toBe(2 + line.length + 1);
  return record;
}

/** The same by the whole grammar; undefined when the line is no change. */
function whole(line: string): Uint8Array | undefined {
  const bytes = Buffer.from(line, 'latin1');
  const command = parse(wordsOf(bytes, 0, bytes.length), { program: 'ipvsadm', names });
  if (command.type !== 'change') return undefined;
  const records = emptyRecords();
  writeRawRequest(records, size, command.request);
  // Says whether to zero one service or all, and counts for no other command.
  records.setU32(size + requestRecord.hasService, 0);
  return records.u8.slice(size, 2 * size);
}

/** Of both ways' records what the kernel is told, which for a destination is its service's key. */
function told(record: Uint8Array | undefined): readonly number[] | undefined {
  if (record === undefined) return undefined;
  const view = new RecordView(record.slice().buffer);
  const { service } = requestRecord;
  if (view.getU32(0) === 5 || view.getU32(0) === 6) view.setU32(service + 20, 0);
  return [...view.u8];
}

const usual = [
  '-A -t 1.2.3.4:80 -s rr',
  '-A -u 255.255.255.255:65535 -s abcdefghijklmno',
  '-A -t 10.0.0.1:80 -s wlc -p 1',
  '-A -t 10.0.0.1:80 -s wlc -p 2678400',
  '-A -t [2001:db8::1]:80 -s rr',
  '-A -u [::ffff:1.2.3.4]:1 -s rr -p 5',
  '-A -t [::]:1 -s rr',
  '-a -t [2001:db8::1]:80 -r [2001:db8::2]:90 -g -w 1',
  '-a -t [2001:db8::1]:80 -r [2001:db8:0:0:0:0:0:2]:90 -m -w 1',
  '-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 1',
  '-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -g -w 1',
  '-a -u 10.0.0.1:0 -r 10.0.1.1:8080 -i -w 0',
  '-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -m -w 2147483647',
  '-a -t 10.0.0.1:80 -r 10.0.1.1:80 -i -w 1 --tun-type ipip',
  '-E -t 10.0.0.1:80 -s wlc -p 60',
  '-e -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 0',
  '-e -u [2001:db8::1]:80 -r [2001:db8::2]:90 -m -w 7',
];

describe('plain rules', () => {
  it.each(usual)('are read as the whole grammar reads them: %s', (line) => {
    const record = plain(line);
    expect(record).toBeDefined();
    expect(told(record)).toEqual(told(whole(line)));
  });

  it.each([
    '',
    '-A',
    '-A -t',
    '-A -t 1.2.3.4:80',
    '-A -t 1.2.3.4:0 -s rr',
    '-A -t 1.2.3.4 -s rr',
    '-A -t 1.2.3:80 -s rr',
    '-A -t 1.2.3.4.5:80 -s rr',
    '-A -t 01.2.3.4:80 -s rr',
    '-A -t 1.2.3.00:80 -s rr',
    '-A -t 1.2.3.256:80 -s rr',
    '-A -t 1.2.3.4:080 -s rr',
    '-A -t 1.2.3.4:65536 -s rr',
    '-A -t 1.2.3.4:http -s rr',
    '-A -t [::1]80 -s rr',
    '-A -t [::1]:0 -s rr',
    '-A -t [::1:80 -s rr',
    '-A -t [1.2.3.4]:80 -s rr',
    '-A -t [::1%lo]:80 -s rr',
    '-A -t ::1 -s rr',
    '-a -t [::1]:80 -r 1.1.1.1:80 -i -w 1',
    '-a -t 1.1.1.1:80 -r [::1]:80 -g -w 1',
    '-A -f 7 -s rr',
    '-A -t 1.2.3.4:80 -s ',
    '-A -t 1.2.3.4:80 -s RR',
    '-A -t 1.2.3.4:80 -s abcdefghijklmnop',
    '-A -t 1.2.3.4:80  -s rr',
    '-A -t 1.2.3.4:80 -s rr ',
    '-A -t 1.2.3.4:80 -s rr\r',
    '-A -t 1.2.3.4:80 -s rr -p 0',
    '-A -t 1.2.3.4:80 -s rr -p 2678401',
    '-A -t 1.2.3.4:80 -s rr -p 5 -M 255.0.0.0',
    ' -A -t 1.2.3.4:80 -s rr',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -g',
    '-a -t 1.2.3.4:80 -r 1.1.1.1 -g -w 1',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -x -w 1',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -g -w 2147483648',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -g -w -1',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -g -w 01',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -g -w 1 --tun-type ipip',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -i -w 1 --tun-type gre',
    '-a -t 1.2.3.4:80 -r 1.1.1.1:80 -i -w 1 --tun-type ipip ',
    '-d -t 1.2.3.4:80 -r 1.1.1.1:80',
    '-e -t 1.2.3.4:80 -r 1.1.1.1:80 -w 1',
    '-s -t 1.2.3.4:80 -r 1.1.1.1:80 -g -w 1',
  ])('are not: "%s"', (line) => {
    expect(plain(line)).toBeUndefined();
  });

  it('are never read in another way than the whole grammar, however they are bent', () => {
    const pieces = fc.constantFrom(
      ...usual.join(' ').split(/(?<=[ .:[\]])|(?=[ .:[\]])/),
      '  ',
      '\t',
      '#',
    );
    const bent = fc
      .tuple(fc.constantFrom(...usual), fc.nat(60), fc.nat(8), fc.array(pieces, { maxLength: 3 }))
      .map(([line, at, count, added]) => {
        return line.slice(0, at) + added.join('') + line.slice(at + count);
      });
    let accepted = 0;
    fc.assert(
      fc.property(bent, (line) => {
        const record = plain(line);
        if (record === undefined) return;
        accepted++;
        expect(told(record)).toEqual(told(whole(line)));
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
