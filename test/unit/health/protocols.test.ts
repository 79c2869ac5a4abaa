import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { DnsProbe, Probe } from '../../../src/config/checks.ts';
import {
  ask,
  askByClock,
  closedPort,
  closeServers,
  deferred,
  saying,
  serve,
  servingUdp,
} from '../../support/check-server.ts';
import { settled } from '../../support/fake-clock.ts';

afterEach(closeServers);

describe('a check by TCP', () => {
  it('passes when somebody listens', async () => {
    expect(await ask({ kind: 'tcp' }, await serve(() => undefined))).toMatchObject({
      passed: true,
      code: 'L4OK',
    });
    expect(await ask({ kind: 'tcp' }, await closedPort())).toMatchObject({
      passed: false,
      code: 'L4CON',
    });
  });
});

describe('a check by SMTP', () => {
  const probe = { kind: 'smtp', helo: 'director.example' } as const;
  /** A server that greets, and answers EHLO; what it hears is kept. */
  const server = async (greeting: string, answer: string, heard: string[] = []) =>
    await serve((socket) => {
      socket.write(greeting);
      socket.on('data', (data) => {
        heard.push(String(data));
        socket.write(String(data).startsWith('QUIT') ? '221 bye\r\n' : answer);
      });
    });

  it('passes when the server greets and answers', async () => {
    const heard: string[] = [];
    const port = await server(
      '220-mail.example\r\n220 ready\r\n',
      '250-mail.example\r\n250-SIZE\r\n250 HELP\r\n',
      heard,
    );
    expect(await ask(probe, port)).toMatchObject({
      passed: true,
      code: 'L7OK',
      detail: '220 ready',
    });
    expect(heard).toEqual(['EHLO director.example\r\n', 'QUIT\r\n']);
  });

  it('fails when it does not want us, or speaks something else', async () => {
    expect(await ask(probe, await server('554 go away\r\n', ''))).toMatchObject({
      code: 'L7STS',
      detail: 'the greeting is "554 go away", expected 220',
    });
    expect(await ask(probe, await server('220 hi\r\n', '421 busy\r\n'))).toMatchObject({
      code: 'L7STS',
    });
    expect(await ask(probe, await server('SSH-2.0-OpenSSH\r\n', ''))).toMatchObject({
      code: 'L7RSP',
    });
    expect(await ask(probe, await server('220-more\r\n'.repeat(100), ''))).toMatchObject({
      code: 'L7RSP',
    });
    expect(await ask(probe, await server(`220 ${'x'.repeat(5000)}`, ''))).toMatchObject({
      code: 'L7RSP',
      detail: 'a line of more than 1024 bytes',
    });
  });
});

describe('a check by Redis', () => {
  const probe = { kind: 'redis' } as const;

  it('passes when PING is answered, also by the wish for a password', async () => {
    expect(await ask(probe, await saying('+PONG\r\n', 'data'))).toMatchObject({
      passed: true,
      code: 'L7OK',
    });
    expect(
      await ask(probe, await saying('-NOAUTH Authentication required.\r\n', 'data')),
    ).toMatchObject({ passed: true });
  });

  it('fails while the server loads, or is none', async () => {
    expect(await ask(probe, await saying('-LOADING Redis is loading\r\n', 'data'))).toMatchObject({
      passed: false,
      code: 'L7STS',
    });
    expect(await ask(probe, await saying('HTTP/1.1 400 Bad\r\n', 'data'))).toMatchObject({
      code: 'L7RSP',
    });
    expect(await ask(probe, await saying('x'.repeat(2000), 'data'))).toMatchObject({
      code: 'L7RSP',
    });
  });
});

describe('a check by MySQL', () => {
  const probe = { kind: 'mysql' } as const;
  const packet = (content: Buffer, sequence = 0) => {
    const header = Buffer.alloc(4);
    header.writeUIntLE(content.length, 0, 3);
    header[3] = sequence;
    return Buffer.concat([header, content]);
  };
  const greeting = Buffer.concat([Buffer.from('\x0a8.0.36\0'), Buffer.alloc(60, 1)]);

  it('passes when the server greets', async () => {
    expect(await ask(probe, await saying(packet(greeting)))).toMatchObject({
      passed: true,
      detail: 'version "8.0.36"',
    });
  });

  it('fails when it greets with an error, in another protocol, or not at all', async () => {
    const blocked = packet(
      Buffer.concat([Buffer.from([0xff, 0x69, 0x04]), Buffer.from("Host 'x' is blocked")]),
    );
    expect(await ask(probe, await saying(blocked))).toMatchObject({
      code: 'L7STS',
      detail: 'MySQL error 1129: "Host \'x\' is blocked"',
    });
    expect(await ask(probe, await saying(packet(Buffer.from('\x09old\0'))))).toMatchObject({
      code: 'L7RSP',
    });
    expect(await ask(probe, await saying(packet(Buffer.alloc(0))))).toMatchObject({
      code: 'L7RSP',
    });
    expect(await ask(probe, await saying(packet(greeting, 3)))).toMatchObject({ code: 'L7RSP' });
    expect(await ask(probe, await saying('HTTP/1.1 400 Bad Request\r\n'))).toMatchObject({
      code: 'L7RSP',
    });
    expect(
      await ask(probe, await serve((socket) => socket.end(packet(greeting).subarray(0, 20)))),
    ).toMatchObject({ code: 'L7RSP', detail: 'the server closed the connection early' });
  });
});

describe('a check by PostgreSQL', () => {
  const probe = { kind: 'postgres' } as const;
  const message = (type: string, content: Buffer) => {
    const header = Buffer.from(`${type}0000`);
    header.writeUInt32BE(content.length + 4, 1);
    return Buffer.concat([header, content]);
  };
  const error = (state: string, words: string) =>
    message('E', Buffer.from(`SFATAL\0C${state}\0M${words}\0\0`));

  it('passes when the server asks who we are, or has never heard of us', async () => {
    const heard: Buffer[] = [];
    const port = await serve((socket) => {
      socket.on('data', (data) => {
        heard.push(data);
        socket.write(message('R', Buffer.from([0, 0, 0, 10])));
      });
    });
    expect(await ask(probe, port)).toMatchObject({ passed: true, detail: 'authentication 10' });
    const [start] = heard;
    expect(start?.readUInt32BE(0)).toBe(start?.length);
    expect(start?.readUInt32BE(4)).toBe(196_608);
    expect(start?.toString('latin1', 8)).toBe('user\0lvskit\0application_name\0lvskit\0\0');
    expect(await ask(probe, await saying(error('28000', 'no such role'), 'data'))).toMatchObject({
      passed: true,
    });
  });

  it('fails when it starts, stops or is full, or is none', async () => {
    expect(await ask(probe, await saying(error('57P03', 'starting up'), 'data'))).toMatchObject({
      code: 'L7STS',
      detail: 'SQLSTATE "57P03": "starting up"',
    });
    expect(await ask(probe, await saying(error('53300', 'too many'), 'data'))).toMatchObject({
      code: 'L7STS',
    });
    expect(
      await ask(probe, await saying(message('E', Buffer.from('garbage')), 'data')),
    ).toMatchObject({ code: 'L7RSP' });
    expect(await ask(probe, await saying('HTTP/1.1 400', 'data'))).toMatchObject({ code: 'L7RSP' });
    expect(
      await ask(probe, await saying(Buffer.from('R\x7f\xff\xff\xff', 'latin1'), 'data')),
    ).toMatchObject({ code: 'L7RSP' });
  });
});

describe('a check by an agent', () => {
  const probe = { kind: 'agent' } as const;

  it('hears what the agent says, with or without the end of the line', async () => {
    expect(await ask(probe, await saying('drain 50%\n'))).toMatchObject({
      passed: true,
      code: 'L7OK',
      agent: { change: { mode: 'drain', percent: 50 } },
    });
    expect(await ask(probe, await serve((socket) => socket.end('up')))).toMatchObject({
      agent: { change: { up: true } },
    });
    expect(await ask(probe, await saying('hello 10%\n'))).toMatchObject({
      warning: 'the agent says "hello", which means nothing',
      agent: { change: { percent: 10 } },
    });
  });

  it('has heard nothing from one that is not there, or does not stop', async () => {
    const closed = await ask(probe, await closedPort());
    expect([closed.code, closed.agent]).toEqual(['L4CON', undefined]);
    const endless = await ask(probe, await saying('x'.repeat(3000)));
    expect([endless.code, endless.agent]).toEqual(['L7RSP', undefined]);
  });
});

describe('a check by UDP', () => {
  const probe = (expected?: string | RegExp): Probe => ({
    kind: 'udp',
    send: Buffer.from('ping'),
    expect:
      expected === undefined
        ? undefined
        : typeof expected === 'string'
          ? { type: 'contains', bytes: Buffer.from(expected) }
          : { type: 'matches', pattern: expected },
  });

  it('passes by the answer that is expected', async () => {
    const port = await servingUdp((message) => [Buffer.from(`re: ${message}`)]);
    expect(await ask(probe('re: p'), port)).toMatchObject({ passed: true, code: 'L7OK' });
    expect(await ask(probe(/ping$/), port)).toMatchObject({ passed: true });
    expect(await ask(probe('pong'), port)).toMatchObject({ passed: false, code: 'L7STS' });
  });

  it('fails at once where nobody listens', async () => {
    const port = await servingUdp();
    await closeServers();
    expect(await ask(probe('x'), port)).toMatchObject({
      code: 'L4CON',
      detail: 'port unreachable',
    });
    expect(await ask(probe(), port)).toMatchObject({ code: 'L4CON' });
  });

  it('takes silence for a pass only where no answer is expected', async () => {
    const heard = deferred();
    const port = await servingUdp(() => {
      heard.resolve();
      return [];
    });
    for (const [check, result] of [
      [probe(), { passed: true, code: 'L4OK', detail: 'no ICMP error' }],
      [probe('x'), { passed: false, code: 'L7TOUT' }],
    ] as const) {
      const { clock, running } = askByClock(check, port);
      await heard.promise;
      await settled();
      clock.tick(1000);
      expect(await running.result).toMatchObject(result);
    }
  });
});

describe('a check by DNS', () => {
  const probe: DnsProbe = {
    kind: 'dns',
    transport: 'udp',
    name: 'www.example.com',
    record: 'AAAA',
    responseCodes: ['noerror'],
  };
  /** The question as an answer with a code. */
  const answer = (question: Buffer, code: number, change: (message: Buffer) => void = () => {}) => {
    const message = Buffer.from(question);
    message.writeUInt16BE(0x8180 | code, 2);
    message.writeUInt16BE(2, 6);
    change(message);
    return message;
  };

  it('asks a proper question, and passes by the code', async () => {
    let asked: Buffer | undefined;
    const port = await servingUdp((question) => {
      asked = question;
      return [answer(question, 0)];
    });
    expect(await ask(probe, port)).toMatchObject({ passed: true, detail: 'noerror, 2 answers' });
    expect(asked?.toString('latin1', 2)).toBe(
      '\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x1c\0\x01',
    );
    expect(await ask({ ...probe, name: '', record: 'NS' }, port)).toMatchObject({ passed: true });
    expect(asked?.toString('latin1', 12)).toBe('\0\0\x02\0\x01');
  });

  it('fails by a code that is not expected', async () => {
    const refusing = await servingUdp((question) => [answer(question, 5)]);
    expect(await ask(probe, refusing)).toMatchObject({
      code: 'L7STS',
      detail: 'refused, expected noerror',
    });
    expect(await ask({ ...probe, responseCodes: ['noerror', 'refused'] }, refusing)).toMatchObject({
      passed: true,
    });
    const strange = await servingUdp((question) => [answer(question, 11)]);
    expect(await ask(probe, strange)).toMatchObject({
      detail: 'response code 11, expected noerror',
    });
  });

  it('passes over what is no answer to its question', async () => {
    const port = await servingUdp((question) => [
      Buffer.from('short'),
      answer(question, 0, (message) => message.writeUInt16BE(message.readUInt16BE(0) ^ 1, 0)),
      answer(question, 0, (message) => message.writeUInt16BE(0x0100, 2)),
      answer(question, 0, (message) => message.write('xxx', 13)),
      answer(question, 0, (message) => message.writeUInt16BE(0, 4)),
      answer(question, 2, (message) => message.write('WWW', 13)),
    ]);
    expect(await ask(probe, port)).toMatchObject({
      code: 'L7STS',
      detail: 'servfail, expected noerror',
    });
  });

  it('goes over TCP as well, where a wrong answer is the only one', async () => {
    const framed = (message: Buffer) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      return Buffer.concat([length, message]);
    };
    const good = await serve((socket) => {
      socket.once('data', (data) => {
        // In two parts, as networks may.
        const bytes = framed(answer(data.subarray(2), 0));
        socket.write(bytes.subarray(0, 1));
        setImmediate(() => socket.write(bytes.subarray(1)));
      });
    });
    expect(await ask({ ...probe, transport: 'tcp' }, good)).toMatchObject({ passed: true });
    const wrong = await saying(framed(Buffer.alloc(40)), 'data');
    expect(await ask({ ...probe, transport: 'tcp' }, wrong)).toMatchObject({ code: 'L7RSP' });
  });
});

describe('a check of a file', () => {
  it('passes by the file being there, or not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lvskit-file-'));
    try {
      const file = join(folder, 'maintenance');
      const present = { kind: 'file', file, when: 'present' } as const;
      const absent = { kind: 'file', file, when: 'absent' } as const;
      expect(await ask(present, 0)).toMatchObject({ passed: false, code: 'PROCERR' });
      expect(await ask(absent, 0)).toMatchObject({ passed: true, code: 'PROCOK' });
      await writeFile(file, '');
      expect(await ask(present, 0)).toMatchObject({ passed: true });
      expect(await ask(absent, 0)).toMatchObject({ passed: false, detail: 'the file is there' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a server that says anything at all', () => {
  const kinds: readonly Probe[] = [
    { kind: 'smtp', helo: 'x' },
    { kind: 'redis' },
    { kind: 'mysql' },
    { kind: 'postgres' },
    { kind: 'agent' },
    { kind: 'dns', transport: 'tcp', name: 'x', record: 'A', responseCodes: ['noerror'] },
  ];

  it.each(kinds)('gets a verdict of one line from $kind', async (probe) => {
    let bytes = Buffer.alloc(0);
    const port = await serve((socket) => socket.end(bytes));
    const letters = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
      fc.string({ maxLength: 64 }).map((text) => Buffer.from(`${text}\r\n`)),
    );
    await fc.assert(
      fc.asyncProperty(letters, async (some) => {
        bytes = Buffer.from(some);
        const { detail, code } = await ask(probe, port);
        expect(detail).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(detail.length).toBeLessThanOrEqual(201);
        expect(['L7OK', 'L7RSP', 'L7STS']).toContain(code);
      }),
      { numRuns: 40 },
    );
  });
});
