import { createHash } from 'node:crypto';
import { createContext, Script } from 'node:vm';
import type { DigestExpectation, StatusRange, TextExpectation } from '../../config/checks.ts';
import { CheckFailure, quote } from '../check-result.ts';

/** A pattern that takes longer than this for an answer fails: what servers send may be made for it. */
const longestMatchMs = 50;

const matching = new Script('pattern.lastIndex = 0; pattern.test(text)');
const globals = { pattern: /^/, text: '' };
const sandbox = createContext(globals);

/**
 * Whether a text matches. Some patterns take as long as the age of the world for some texts, and the
 * text is a stranger's: the engine is stopped when it takes too long.
 *
 * @throws CheckFailure when it was.
 */
export function matches(pattern: RegExp, text: string): boolean {
  globals.pattern = pattern;
  globals.text = text;
  try {
    return matching.runInContext(sandbox, { timeout: longestMatchMs }) === true;
  } catch (error) {
    const words = `matching the answer with ${quote(pattern.source)} took more than ${longestMatchMs} ms`;
    throw new CheckFailure('L7RSP', words, { cause: error });
  } finally {
    globals.text = '';
  }
}

/** Demands a body. @param isCut Whether there is more of it than was read. */
export function demandBody(
  expectation: TextExpectation | DigestExpectation,
  body: Buffer,
  isCut: boolean,
): void {
  switch (expectation.type) {
    case 'contains':
      if (body.includes(expectation.text)) return;
      throw new CheckFailure('L7STS', `the body does not contain ${quote(expectation.text)}`);
    case 'matches':
      if (matches(expectation.pattern, body.toString())) return;
      throw new CheckFailure('L7STS', `the body does not match ${String(expectation.pattern)}`);
    case 'sha256': {
      if (isCut) throw new CheckFailure('L7STS', 'the body is too large for a digest of it');
      const digest = createHash('sha256').update(body).digest('hex');
      if (digest === expectation.digest) return;
      throw new CheckFailure('L7STS', `the body has the digest ${digest}`);
    }
  }
}

/** Demands a status. */
export function demandStatus(status: number, ranges: readonly StatusRange[]): void {
  if (ranges.some(({ first, last }) => status >= first && status <= last)) return;
  const expected = ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  throw new CheckFailure('L7STS', `HTTP status ${status}, expected ${expected.join(', ')}`);
}
