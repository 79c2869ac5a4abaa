import type { IncomingMessage } from 'node:http';
import { Refusal } from './documents.ts';

const longestBody = 64 * 1024;

/** Reads the JSON that a request comes with; undefined when it comes with nothing. @throws Refusal */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const tooLarge = new Refusal('TOO_LARGE', `the body has more than ${longestBody} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > longestBody) throw tooLarge;
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > longestBody) throw tooLarge;
    pieces.push(piece);
  }
  if (length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(pieces).toString());
  } catch (error) {
    throw new Refusal('INVALID', `the body is no JSON: ${(error as Error).message}`);
  }
}
