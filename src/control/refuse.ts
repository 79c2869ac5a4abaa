import { ConfigError } from '../config/config-error.ts';
import { TextFileError } from '../config/text-file.ts';
import { NameError } from '../observe/find-server.ts';
import { StateError } from '../observe/state-error.ts';
import { type ErrorDocument, Refusal, type RefusalCode, refusalStatus } from './documents.ts';

/** How an error is told to a client. */
export function errorDocument(error: unknown): {
  readonly status: number;
  readonly document: ErrorDocument;
} {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const details =
    error instanceof ConfigError ? { file: error.file, problems: error.problems } : {};
  return { status: refusalStatus[code], document: { error: { code, message, ...details } } };
}

function codeOf(error: unknown): RefusalCode {
  if (error instanceof Refusal || error instanceof NameError) return error.code;
  if (error instanceof ConfigError) return 'CONFIG_INVALID';
  if (error instanceof TextFileError) return 'CONFIG_UNREADABLE';
  if (error instanceof StateError && error.code === 'STATE_NOT_KEPT') return error.code;
  return 'FAILED';
}
