import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookHook } from '../config/hooks.ts';
import type { DirectorEvent } from './director-event.ts';
import { eventText } from './event-text.ts';
import { toJson } from './json.ts';

const attempts = 3;
const firstDelayMs = 500;

/**
 * Posts an event. What is refused as wrong is not tried again; what cannot be reached, or has trouble
 * of its own, is, within the time that there is.
 */
export async function postEvent(
  { url, headers }: WebhookHook,
  event: DirectorEvent,
  signal: AbortSignal,
): Promise<void> {
  const body = toJson({ ...event, text: eventText(event) });
  for (let attempt = 1; ; attempt++) {
    const reason = await postOnce(url, headers, body, signal);
    if (reason === undefined) return;
    signal.throwIfAborted();
    if (!reason.isPassing || attempt === attempts) throw new Error(reason.words);
    await sleep(firstDelayMs * 2 ** (attempt - 1), undefined, { signal });
  }
}

/** @returns Why it was not taken. */
async function postOnce(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<{ readonly words: string; readonly isPassing: boolean } | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'lvskit', ...headers },
      body,
      // What is configured is who is told, and nobody it points to.
      redirect: 'manual',
      signal,
    });
    // Nothing that it says is of interest, however long it is.
    await response.body?.cancel();
    if (response.ok) return undefined;
    const { status } = response;
    return {
      words: `it answers with HTTP status ${status}`,
      isPassing: status >= 500 || status === 429,
    };
  } catch (error) {
    const { cause, message } = error as Error & { readonly cause?: Error };
    return { words: cause?.message ?? message, isPassing: true };
  }
}
