import { configInputOf } from '../config/print.ts';
import { parseServer } from '../config/server-text.ts';
import type { NameLookup } from '../formats/ipvsadm/command.ts';
import { tableOfRules } from '../formats/ipvsadm/offline-rules.ts';
import { parse } from '../formats/ipvsadm/parse.ts';
import { SourceError, type SourcePlace } from '../formats/source.ts';
import { formatDestinationKey, readDestinationKey } from '../ipvs/destination.ts';
import { type RawRequest, writeRawRequest } from '../ipvs/raw-request.ts';
import { RecordView } from '../ipvs/record-view.ts';
import { formatServiceKey, readServiceKey } from '../ipvs/service.ts';
import type { ComparedDestination, ComparedService } from '../ipvs/table-diff.ts';
import { requestRecord } from '../native/ipvs-records.ts';
import { admit } from './admit.ts';
import type { Imported, ImportedItem, Note } from './imported.ts';
import { type ScriptLine, scriptLines } from './ipvsadm-script.ts';

/** Why a line is not followed; undefined when it is. */
type Reason = string | undefined;

/** Where each service, and each server of it, was first named. */
type Places = Map<string, SourcePlace>;

/**
 * Reads rules such as `ipvsadm -Sn` prints, or a shell script of ipvsadm commands with plain words
 * and variables. The configuration is the table that they make of an empty one.
 *
 * @param text Bytes, one character each.
 * @throws SourceError
 */
export function importIpvsadm(text: string, file: string, names: NameLookup): Imported {
  const lines = scriptLines(text, file);
  const reasons = new Map<ScriptLine, Reason>();
  const places: Places = new Map();
  for (const line of lines) {
    if (line !== undefined) {
      reasons.set(line, line.isRule ? reasonOf(line, names, places) : line.reason);
    }
  }
  const table = tableOf(lines, reasons, file, names);
  const notes = [...reasons].flatMap(([line, reason]): readonly Note[] => {
    const isCut = line.isRule && line.rest !== '';
    const cut = isCut ? `what follows the rule is not followed: ${line.rest}` : undefined;
    const message = reason ?? cut;
    if (message === undefined) return [];
    return [{ kind: 'left-out', place: line.place, message, source: [line.text], lines: 1 }];
  });
  const words = [...reasons].flatMap(([line, reason]) =>
    line.words.map(
      (word) => ({ ...word, fate: reason === undefined ? 'mapped' : 'named' }) as const,
    ),
  );
  const items: readonly ImportedItem[] = [
    ...notes.map((note): ImportedItem => ({ type: 'note', note })),
    ...servicesFrom(table, places),
  ];
  const preface = [
    `lvskit.yaml, made of ${file} by lvskit import ipvsadm.`,
    'Rules know no checks: every server counts as up until a check is added.',
  ];
  return admit({ source: file, preface, items, words });
}

function reasonOf(
  { rule, place }: Extract<ScriptLine, { isRule: true }>,
  names: NameLookup,
  places: Places,
): Reason {
  const words = rule.split(/\s+/).filter((word) => word !== '');
  const command = parse(words, { names, program: 'ipvsadm', restoring: true });
  if (command.type === 'refusal') throw new SourceError(place, command.stderr.trim());
  if (command.type !== 'change') return 'it changes nothing';
  const { request } = command;
  switch (request.type) {
    case 'flush':
      return places.size > 0
        ? 'it would take away all that stands above, and is not followed'
        : undefined;
    case 'zero':
      return 'counters are no part of a configuration';
    case 'set-timeouts':
      return 'lvskit.yaml does not say the time-outs of the kernel: lvskit-ipvsadm --set does';
    case 'start-sync-daemon':
    case 'stop-sync-daemon':
      return 'lvskit.yaml does not say sync daemons: lvskit-ipvsadm --start-daemon starts them';
    default:
      for (const name of namesOf(request)) if (!places.has(name)) places.set(name, place);
      return undefined;
  }
}

/** The service of a request, and its server, as the table has them. */
function namesOf(request: RawRequest): readonly string[] {
  const view = new RecordView(new ArrayBuffer(requestRecord.size));
  writeRawRequest(view, 0, request);
  const service = formatServiceKey(readServiceKey(view, requestRecord.service));
  if (!('destination' in request)) return [service];
  const server = readDestinationKey(view, requestRecord.destination);
  return [service, `${service} ${formatDestinationKey(server)}`];
}

/** The table that the rules make. Those that remove what is not there become notes. */
function tableOf(
  lines: readonly (ScriptLine | undefined)[],
  reasons: Map<ScriptLine, Reason>,
  file: string,
  names: NameLookup,
): readonly ComparedService[] {
  for (;;) {
    const rules = lines.map((line) =>
      line?.isRule === true && reasons.get(line) === undefined ? line.rule : '',
    );
    const { table, problems } = tableOfRules(Buffer.from(rules.join('\n'), 'latin1'), { names });
    if (problems.length === 0) return table;
    for (const { line: number, message } of problems) {
      const line = lines[number - 1];
      const isRemoval = line?.isRule === true && /^(?:-[dD]|--delete)/.test(line.rule);
      if (line === undefined || !isRemoval) {
        throw new SourceError(line?.place ?? { file, line: number, column: 1 }, message);
      }
      reasons.set(line, `it removes nothing: ${message}`);
    }
  }
}

function servicesFrom(table: readonly ComparedService[], places: Places): ImportedItem[] {
  const { services = [] } = configInputOf(table);
  const nowhere = { file: '', line: 0, column: 0 };
  return services.map(({ servers = [], ...input }, index) => {
    const { key, destinations } = table[index] as ComparedService;
    const name = formatServiceKey(key);
    const place = places.get(name) ?? nowhere;
    const imported = servers.map((server, at) => {
      const destination = destinations[at] as ComparedDestination;
      return {
        place: places.get(`${name} ${formatDestinationKey(destination.key)}`) ?? nowhere,
        notes: [],
        input: typeof server === 'string' ? (parseServer(server) ?? { address: server }) : server,
      };
    });
    return { type: 'service', service: { place, notes: [], input, servers: imported } };
  });
}
