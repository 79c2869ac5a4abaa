import type { NameLookup } from '../formats/ipvsadm/command.ts';
import {
  type Directive,
  type LdirectordPart,
  parseLdirectord,
} from '../formats/ldirectord/parse.ts';
import { admit } from './admit.ts';
import type { Imported, ImportedItem } from './imported.ts';
import { DirectiveNotes, fail, noteSaidTwice, yesOrNo } from './ldirectord/directives.ts';
import { type GlobalSettings, readSetting } from './ldirectord/settings.ts';
import { serviceOf } from './ldirectord/to-service.ts';
import { readVirtual } from './ldirectord/virtual.ts';

/**
 * Reads a configuration of ldirectord.
 *
 * @param names Where numbers of ports are found. Hosts are not looked up.
 * @throws SourceError
 */
export function importLdirectord(text: string, file: string, names: NameLookup): Imported {
  const parts = parseLdirectord(text, file);
  const root = new DirectiveNotes();
  const all: GlobalSettings = { fork: false };
  // What holds for all may stand below what it holds for.
  const globals = parts.flatMap((part) => (part.type === 'global' ? [part.directive] : []));
  noteSaidTwice(globals, root);
  for (const part of parts) if (part.type === 'global') readGlobal(part.directive, all, root);
  const items = parts.flatMap((part): readonly ImportedItem[] => {
    if (part.type === 'global') {
      const { line } = part.directive.place;
      return root.taken
        .filter((note) => note.place.line === line)
        .map((note) => ({ type: 'note', note }));
    }
    return importVirtual(part.section, all, names, root);
  });
  const preface = [
    `lvskit.yaml, made of ${file} by lvskit import ldirectord.`,
    ...differences(items),
  ];
  const words = root.fatesOf(parts.flatMap(directivesOf));
  return admit({ source: file, preface, items, words });
}

function directivesOf(part: LdirectordPart): readonly Directive[] {
  if (part.type === 'global') return [part.directive];
  return [part.section.head, ...part.section.directives];
}

function readGlobal(directive: Directive, all: GlobalSettings, notes: DirectiveNotes): void {
  if (directive.name === 'fork') {
    all.fork = yesOrNo(directive);
    notes.map(directive);
  } else if (!readSetting(directive, all, notes)) {
    fail(directive, 'is no directive of ldirectord that stands at the margin');
  }
}

function importVirtual(
  section: Extract<LdirectordPart, { type: 'virtual' }>['section'],
  all: GlobalSettings,
  names: NameLookup,
  root: DirectiveNotes,
): readonly ImportedItem[] {
  const notes = root.beside();
  const virtual = readVirtual(section, all, names, notes);
  if (typeof virtual !== 'string') {
    notes.map(section.head);
    return [{ type: 'service', service: serviceOf(virtual, notes, names) }];
  }
  const whole = root.beside();
  for (const directive of [section.head, ...section.directives]) whole.leaveOut(directive, virtual);
  const source = whole.taken.flatMap((note) => note.source);
  const lines = whole.taken.length;
  const { place } = section.head;
  return [{ type: 'note', note: { kind: 'left-out', place, message: virtual, source, lines } }];
}

/** What holds for the whole file rather than for one line of it. */
function differences(items: readonly ImportedItem[]): readonly string[] {
  if (!JSON.stringify(items).includes('"via":"direct"')) return [];
  return [
    'Checks go to the servers themselves (via: direct), as those of ldirectord do. Without that they go by',
    'the VIP with dr and tun, and find servers too that have lost it.',
  ];
}
