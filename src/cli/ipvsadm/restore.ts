import { type ParseOptions, parse } from '../../formats/ipvsadm/parse.ts';
import { PlainRules } from '../../formats/ipvsadm/plain-rules.ts';
import { lastWordsOf, wordsOf } from '../../formats/ipvsadm/rule-words.ts';
import { writeRawRequest } from '../../ipvs/raw-request.ts';
import { RecordView } from '../../ipvs/record-view.ts';
import { requestRecord } from '../../native/ipvs-records.ts';
import type { ByteSource } from './context.ts';
import { execute, type Kernel } from './kernel.ts';
import { Progress } from './progress.ts';
import { type Run, runCommand } from './run.ts';

/** Requests that go to the kernel at once. Their records stay below what malloc maps anew each time. */
const batchSize = 512;
const chunkSize = 256 * 1024;
const newline = 0x0a;

/** Runs `-R`: every line of the source is a command line. Resolves to the exit code. */
export async function runRestore(run: Run, kernel: Kernel, source: ByteSource): Promise<number> {
  return await new Restore(run, kernel, source).run();
}

/**
 * A restore under way. Lines are read while the requests of lines before them are with the kernel;
 * what is said of them is said in the order of the lines.
 */
class Restore {
  private readonly run_: Run;
  private readonly kernel: Kernel;
  private readonly source: ByteSource;
  private readonly progress: Progress;
  private readonly parsing: ParseOptions;
  private readonly plain = new PlainRules();
  /** Requests that are being collected, and those that are with the kernel. */
  private collected = new RecordView(new ArrayBuffer(batchSize * requestRecord.size));
  private sent = new RecordView(new ArrayBuffer(batchSize * requestRecord.size));
  private count = 0;
  private underWay: Promise<void> = Promise.resolve();
  /** What the line before leaves for the exit code. */
  private exitCode = 0;
  private ended = false;

  constructor(run: Run, kernel: Kernel, source: ByteSource) {
    this.run_ = run;
    this.kernel = kernel;
    this.source = source;
    this.parsing = { ...run.parsing, restoring: true };
    this.progress = new Progress(run.context.stderr, source.size);
  }

  async run(): Promise<number> {
    let buffer = Buffer.allocUnsafe(chunkSize);
    let held = 0;
    while (!this.ended) {
      if (held === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const read = await this.source.read(buffer.subarray(held));
      if (read === 0) break;
      const end = held + read;
      const from = await this.readLines(buffer, end, held);
      if (from > 0) buffer.copy(buffer, 0, from, end);
      held = end - from;
      // Whoever feeds line by line may wait for what comes of them.
      await this.send();
      this.progress.show(read);
    }
    if (!this.ended) await this.readLine(lastWordsOf(buffer, 0, held));
    await this.settle();
    this.progress.end();
    return this.exitCode;
  }

  /**
   * Reads the whole lines up to `end`.
   *
   * @param known Up to where there is known to be no line break.
   * @returns Where the last line begins, that has no line break yet.
   */
  private async readLines(buffer: Buffer, end: number, known: number): Promise<number> {
    const lastBreak = known + buffer.subarray(known, end).lastIndexOf(newline);
    if (lastBreak < known) return 0;
    let at = 0;
    while (at <= lastBreak && !this.ended) {
      if (buffer[at] === newline) {
        at++;
        continue;
      }
      const to = this.count * requestRecord.size;
      const next = this.plain.read(buffer, at, this.collected, to);
      if (next >= 0) {
        at = next;
        if (++this.count === batchSize) await this.send();
        continue;
      }
      const lineEnd = buffer.indexOf(newline, at);
      await this.readLine(wordsOf(buffer, at, lineEnd));
      at = lineEnd + 1;
    }
    return lastBreak + 1;
  }

  private async readLine(words: readonly string[]): Promise<void> {
    if (words.length === 0) return;
    const command = parse(words, this.parsing);
    if (command.type === 'change') {
      writeRawRequest(this.collected, this.count * requestRecord.size, command.request);
      if (++this.count === batchSize) await this.send();
      return;
    }
    await this.settle();
    if (command.type === 'refusal') {
      this.run_.outputs.complain(command.stderr);
      this.exitCode = command.exitCode;
      this.ended = command.ends;
    } else if (command.type !== 'restore') {
      const { exitCode, ends } = await runCommand(command, this.run_, this.kernel);
      this.exitCode = exitCode;
      this.ended = ends;
    }
  }

  /** Sends what is collected, after what is under way. */
  private async send(): Promise<void> {
    if (this.count === 0) return;
    await this.underWay;
    const { count, collected } = this;
    this.collected = this.sent;
    this.sent = collected;
    this.count = 0;
    this.underWay = this.execute(collected, count);
  }

  private async execute(requests: RecordView, count: number): Promise<void> {
    const { complaints, lastFailed } = await execute(this.kernel.table, requests, count);
    requests.u8.fill(0, 0, count * requestRecord.size);
    if (complaints !== '') {
      this.progress.clear();
      this.run_.outputs.complain(complaints);
    }
    this.exitCode = lastFailed ? 255 : 0;
  }

  private async settle(): Promise<void> {
    await this.send();
    await this.underWay;
    this.progress.clear();
  }
}
