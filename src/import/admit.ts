import { ConfigError } from '../config/config-error.ts';
import { parseConfig } from '../config/load.ts';
import { inlineYaml } from '../config/print.ts';
import { formatServiceKey, parseServiceKey } from '../ipvs/service.ts';
import type { Imported, ImportedItem, ImportedServer, ImportedService, Note } from './imported.ts';
import { printImported, serviceLines } from './print.ts';

/**
 * Takes out of what was imported all that lvskit would refuse, and puts notes in its places that show
 * it: other programs take what balances nothing, and what Linux refuses.
 */
export function admit(imported: Imported): Imported {
  const unique = withoutTwins(imported);
  if (refusalOf(unique) === undefined) return unique;
  const items = unique.items.map((item): ImportedItem => {
    if (item.type === 'note') return item;
    const service = mend(item.service);
    return service === undefined ? refused(item.service) : { type: 'service', service };
  });
  return { ...unique, items };
}

/** Of services that listen to the same the first stays; of those with one name, the first keeps it. */
function withoutTwins(imported: Imported): Imported {
  const listened = new Map<string, ImportedService>();
  const names = new Set<string>();
  const items = imported.items.map((item): ImportedItem => {
    if (item.type === 'note') return item;
    const { service } = item;
    const key = listenedTo(service);
    const first = listened.get(key);
    if (first !== undefined) {
      const { file, line } = first.place;
      return shown(service, `${key} is listened to by ${file}:${line} already`);
    }
    listened.set(key, service);
    const { name, ...rest } = service.input;
    if (name === undefined || !names.has(name)) {
      if (name !== undefined) names.add(name);
      return item;
    }
    const note: Note = {
      kind: 'left-out',
      place: service.place,
      message: 'another service has this name already',
      source: [`name: ${name}`],
      lines: 1,
    };
    const notes = [...service.notes, note];
    return { type: 'service', service: { ...service, input: rest, notes } };
  });
  return { ...imported, items };
}

function listenedTo({ input }: ImportedService): string {
  try {
    return formatServiceKey(parseServiceKey(input.listen));
  } catch {
    return input.listen;
  }
}

/** The service without the servers, and then without the fallback, that make lvskit refuse it. */
function mend(service: ImportedService): ImportedService | undefined {
  if (reasonOf(service) === undefined) return service;
  const { fallback, ...rest } = service.input;
  const bare: ImportedService = { ...service, input: rest, servers: [] };
  if (reasonOf(bare) !== undefined) return undefined;
  const notes = [...service.notes];
  const servers: ImportedServer[] = [];
  for (const server of service.servers) {
    const reason = reasonOf({ ...bare, servers: [server] });
    if (reason === undefined) servers.push(server);
    else notes.push(...server.notes, serverNote(server, reason));
  }
  const mended: ImportedService = { ...bare, notes, servers };
  if (fallback === undefined) return reasonOf(mended) === undefined ? mended : undefined;
  const input = { ...rest, fallback };
  const reason = reasonOf({ ...mended, input });
  if (reason === undefined) return { ...mended, input };
  const note: Note = {
    kind: 'left-out',
    place: service.place,
    message: `lvskit refuses this fallback: ${reason}`,
    source: [`fallback: ${inlineYaml(fallback)}`],
    lines: 1,
  };
  const last: ImportedService = { ...mended, notes: [...notes, note] };
  return reasonOf(last) === undefined ? last : undefined;
}

function serverNote({ place, input }: ImportedServer, reason: string): Note {
  return {
    kind: 'left-out',
    place,
    message: `lvskit refuses this server: ${reason}`,
    source: [`server: ${inlineYaml(input)}`],
    lines: 1,
  };
}

function refused(service: ImportedService): ImportedItem {
  return shown(service, `lvskit refuses this service: ${reasonOf(service) ?? 'it is not right'}`);
}

/** A service that stands as a comment. */
function shown(service: ImportedService, message: string): ImportedItem {
  const [, ...source] = serviceLines(service);
  const { place } = service;
  return {
    type: 'note',
    note: { kind: 'left-out', place, message, source, lines: 1 + service.servers.length },
  };
}

function reasonOf(service: ImportedService): string | undefined {
  const alone: Imported = {
    source: '',
    preface: [],
    items: [{ type: 'service', service }],
    words: [],
  };
  return refusalOf(alone);
}

/** Why lvskit refuses it, in the words of its first problem. */
function refusalOf(imported: Imported): string | undefined {
  try {
    parseConfig(printImported(imported), 'lvskit.yaml');
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = error.problems[0]?.message ?? 'it is not right';
    // The line would be one of a text that nobody gets to see.
    return message.replace(/, in line \d+$/, '');
  }
}
