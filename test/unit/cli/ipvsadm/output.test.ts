import { describe, expect, it } from 'vitest';
import type { IpvsadmContext } from '../../../../src/cli/ipvsadm/context.ts';
import { Outputs } from '../../../../src/cli/ipvsadm/output.ts';

/** What is written, in order: `1` for standard output with the count of bytes, `2` for errors. */
function recorder(isTerminal: boolean, blockSize?: number) {
  const writes: string[] = [];
  let text = '';
  const context = {
    stdout: {
      isTerminal,
      ...(blockSize === undefined ? {} : { blockSize }),
      write: (bytes: Uint8Array) => {
        writes.push(`1 ${bytes.length}`);
        text += Buffer.from(bytes).toString('latin1');
      },
    },
    stderr: { isTerminal: false, write: (bytes: Uint8Array) => writes.push(`2 ${bytes}`) },
  } as unknown as IpvsadmContext;
  return { outputs: new Outputs(context), writes, text: () => text };
}

const line = (length: number) => `${'x'.repeat(length - 1)}\n`;

describe('the order of output and errors', () => {
  it('puts errors first when the output is less than a block', () => {
    const { outputs, writes } = recorder(false);
    outputs.print(line(100));
    outputs.complain('!');
    outputs.print(line(100));
    outputs.end();
    expect(writes).toEqual(['2 !', '1 200']);
  });

  it('puts full blocks before errors, the last one only when something follows it', () => {
    const { outputs, writes } = recorder(false);
    outputs.print(line(4096));
    outputs.complain('!');
    outputs.print(line(1));
    outputs.complain('!');
    outputs.print(line(8193));
    outputs.complain('!');
    outputs.end();
    expect(writes).toEqual(['2 !', '1 4096', '2 !', '1 8192', '2 !', '1 2']);
  });

  it('goes by the size of a block that the file has', () => {
    const { outputs, writes } = recorder(false, 1024);
    outputs.print(line(3000));
    outputs.complain('!');
    outputs.end();
    expect(writes).toEqual(['1 2048', '2 !', '1 952']);
  });

  it('keeps lines and errors as they come on a terminal', () => {
    const { outputs, writes } = recorder(true);
    outputs.print(line(10));
    outputs.complain('!');
    outputs.print(line(20));
    outputs.end();
    expect(writes).toEqual(['1 10', '2 !', '1 20']);
  });

  it('does not collect a long output, and loses nothing of it', () => {
    const { outputs, writes, text } = recorder(false);
    const pieces = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(7919, '.'));
    const reused = Buffer.alloc(7919);
    for (const piece of pieces) {
      reused.write(piece, 'latin1');
      outputs.print(reused);
    }
    outputs.end();
    expect(text()).toBe(pieces.join(''));
    expect(writes.length).toBeGreaterThan(4);
    expect(writes.slice(0, -1).every((write) => Number(write.slice(2)) % 4096 === 0)).toBe(true);
  });

  it('writes each character as its byte', () => {
    const { outputs, text } = recorder(false);
    outputs.print('\xe4\xff\n');
    outputs.end();
    expect(text()).toBe('\xe4\xff\n');
  });
});
