import {
  formatDestinationKey,
  readDestinationKey,
  readDestinationSettings,
  writeDestinationConfig,
} from '../../ipvs/destination.ts';
import { writeRawRequest } from '../../ipvs/raw-request.ts';
import { RecordView } from '../../ipvs/record-view.ts';
import {
  formatServiceKey,
  readServiceKey,
  readServiceSettings,
  writeServiceConfig,
} from '../../ipvs/service.ts';
import { destinationConfigOf, serviceConfigOf } from '../../ipvs/table-definition.ts';
import type { ComparedDestination, ComparedService } from '../../ipvs/table-diff.ts';
import { command, requestRecord } from '../../native/ipvs-records.ts';
import type { NameLookup } from './command.ts';
import { parse } from './parse.ts';
import { PlainRules } from './plain-rules.ts';
import { wordsOf } from './rule-words.ts';

/** What is wrong with a line of rules. */
export interface RuleProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export interface RulesTable {
  /** The table that the rules make. */
  readonly table: readonly ComparedService[];
  /** What keeps it from being that. */
  readonly problems: readonly RuleProblem[];
}

export interface OfflineRulesOptions {
  readonly names: NameLookup;
  /** The table that the rules start from. Default: an empty one. */
  readonly base?: readonly ComparedService[];
}

/** Reading stops after so many problems: the file is then something else altogether. */
const mostProblems = 100;
const newline = 0x0a;
const hash = 0x23;

/**
 * What a table becomes by rules such as `ipvsadm -S` prints, without asking a kernel. Adding what the
 * base has is an edit of it; adding the same twice, and what ipvsadm or the kernel would refuse, is a
 * problem. Only commands that change services and destinations can be read so.
 *
 * @param bytes As they are in the file; text is Latin-1 for names.
 */
export function tableOfRules(bytes: Buffer, options: OfflineRulesOptions): RulesTable {
  return new RulesReader(options).read(bytes);
}

class RulesReader {
  private readonly names: NameLookup;
  private readonly services = new Map<string, ModelService>();
  private readonly problems: RuleProblem[] = [];
  private readonly view = new RecordView(new ArrayBuffer(requestRecord.size));
  private line = 0;

  constructor({ names, base = [] }: OfflineRulesOptions) {
    this.names = names;
    for (const service of base) {
      const destinations = service.destinations.map(
        (one) => [formatDestinationKey(one.key), { destination: one, added: 0 }] as const,
      );
      const name = formatServiceKey(service.key);
      this.services.set(name, { service, added: 0, destinations: new Map(destinations) });
    }
  }

  read(bytes: Buffer): RulesTable {
    const plain = new PlainRules();
    for (let at = 0; at < bytes.length && this.problems.length < mostProblems; ) {
      this.line++;
      this.view.u8.fill(0);
      const next = plain.read(bytes, at, this.view, 0);
      if (next >= 0) {
        this.apply();
        at = next;
        continue;
      }
      const found = bytes.indexOf(newline, at);
      const end = found < 0 ? bytes.length : found;
      this.readLine(bytes, at, end);
      at = end + 1;
    }
    const table = [...this.services.values()].map(({ service, destinations }) => ({
      ...settingsOf(service),
      destinations: [...destinations.values()].map(({ destination }) => destination),
    }));
    return { table, problems: this.problems };
  }

  private readLine(bytes: Buffer, from: number, to: number): void {
    const comment = commentAt(bytes, from, to);
    const words = wordsOf(bytes, from, comment);
    if (words.length === 0) return;
    const result = parse(words, { names: this.names, program: 'ipvsadm', restoring: true });
    if (result.type === 'refusal') {
      const [said = ''] = result.stderr.trim().split('\n');
      // Where ipvsadm only points to its help.
      this.problem(said.startsWith('Try ') ? `${words[0]} is no command of ipvsadm` : said);
    } else if (result.type === 'change') {
      writeRawRequest(this.view, 0, result.request);
      this.apply();
    } else {
      this.problem(`only rules that change services and servers can be restored, not ${words[0]}`);
    }
  }

  /** Does what the record asks for. */
  private apply(): void {
    const { view } = this;
    const number = view.getU32(0);
    if (number === command.flush) {
      this.services.clear();
      return;
    }
    if (!changingCommands.has(number)) {
      this.problem('only rules that change services and servers can be restored');
      return;
    }
    const key = readServiceKey(view, requestRecord.service);
    const name = formatServiceKey(key);
    const known = this.services.get(name);
    if (number === command.newService || number === command.setService) {
      if (number === command.newService && known !== undefined && known.added > 0) {
        this.problem(`service ${name} was added in line ${known.added} already`);
      } else if (number === command.setService && known === undefined) {
        this.problem(`there is no service ${name} to edit`);
      } else {
        const settings = readServiceSettings(view, requestRecord.service);
        const config = serviceConfigOf(settings);
        if (!this.isRight(() => writeServiceConfig(view, requestRecord.service, config))) return;
        const service = { key, ...settings, destinations: [] };
        const destinations = known?.destinations ?? new Map();
        const added = number === command.newService ? this.line : (known?.added ?? 0);
        this.services.set(name, { service, added, destinations });
      }
    } else if (known === undefined) {
      this.problem(`there is no service ${name}`);
    } else if (number === command.delService) {
      this.services.delete(name);
    } else {
      this.applyToDestination(number, known, name);
    }
  }

  private applyToDestination(number: number, known: ModelService, service: string): void {
    const { view } = this;
    const key = readDestinationKey(view, requestRecord.destination);
    const name = formatDestinationKey(key);
    const there = known.destinations.get(name);
    if (number === command.newDest && there !== undefined && there.added > 0) {
      this.problem(`destination ${name} of ${service} was added in line ${there.added} already`);
    } else if (number !== command.newDest && there === undefined) {
      this.problem(`there is no destination ${name} of ${service}`);
    } else if (number === command.delDest) {
      known.destinations.delete(name);
    } else {
      const settings = readDestinationSettings(view, requestRecord.destination);
      const config = destinationConfigOf(settings);
      const { service: serviceAt, destination: at } = requestRecord;
      // Writing what was just read changes nothing; it is the checks that count.
      if (!this.isRight(() => writeDestinationConfig(view, at, config, serviceAt))) return;
      const destination = { key, ...settings };
      const added = number === command.newDest ? this.line : (there?.added ?? 0);
      known.destinations.set(name, { destination, added });
    }
  }

  /** Whether it could be sent to a kernel, and would balance something. */
  private isRight(check: () => unknown): boolean {
    try {
      check();
      return true;
    } catch (error) {
      this.problem((error as Error).message);
      return false;
    }
  }

  private problem(message: string): void {
    // Words of the line may be in it, and the line may be anything.
    this.problems.push({ line: this.line, message: message.replaceAll(/\p{Cc}/gu, '?') });
  }
}

interface ModelService {
  /** Its own destinations do not count. */
  readonly service: ComparedService;
  /** The line that added it; 0 for one of the base. */
  readonly added: number;
  readonly destinations: Map<
    string,
    { readonly destination: ComparedDestination; readonly added: number }
  >;
}

const changingCommands: ReadonlySet<number> = new Set([
  command.newService,
  command.setService,
  command.delService,
  command.newDest,
  command.setDest,
  command.delDest,
]);

/** Where the comment of a line begins: a `#` that begins a word. */
function commentAt(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] === hash && (at === from || (bytes[at - 1] ?? 0) <= 0x20)) return at;
  }
  return to;
}

function settingsOf(service: ComparedService): Omit<ComparedService, 'destinations'> {
  const { key, scheduler, schedulerFlags, persistence, onePacket, persistenceEngine } = service;
  return { key, scheduler, schedulerFlags, persistence, onePacket, persistenceEngine };
}
