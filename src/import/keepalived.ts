import type { LineOptions } from '../formats/keepalived/lines.ts';
import { parseKeepalived, type Statement } from '../formats/keepalived/parse.ts';
import { admit } from './admit.ts';
import type { Imported, ImportedItem, Note } from './imported.ts';
import { Account, Notes, noteOfRemark } from './keepalived/account.ts';
import { type Group, type Listen, listenOf, readGroup } from './keepalived/listens.ts';
import { ServiceMaker } from './keepalived/to-service.ts';
import { readVirtualServer, type VirtualServer } from './keepalived/virtual-server.ts';

/** What blocks at the top have no equal, and who can do what they say. */
const otherBlocks: readonly (readonly [RegExp, string])[] = [
  [/^global_defs$/, 'what is said of keepalived itself has no equal'],
  [
    /^vrrp_|^static_|^garp_group$|^linkbeat/,
    'VRRP has no equal in lvskit.yaml: keepalived can go on with it, without its virtual servers',
  ],
  [/^bfd_instance$/, 'BFD has no equal'],
  [
    /^(?:vrrp_)?track_(?:file|process|bfd)$/,
    'weights and priorities that follow files have no equal',
  ],
  [/^SSL$/, 'checks show no certificate of their own; verify: true checks that of the server'],
];

/**
 * Reads a configuration of keepalived.
 *
 * @param text Of the main file.
 * @param file Its path, by which what it includes is found, and which messages have.
 * @throws SourceError
 */
export function importKeepalived(text: string, file: string, options: LineOptions): Imported {
  const { statements, remarks, directives } = parseKeepalived(text, file, options);
  const account = new Account(statements);
  const groups = readGroups(statements, account);
  const items: ImportedItem[] = [];
  const virtuals: VirtualServer[] = [];
  for (const statement of statements) {
    switch (statement.words[0]?.text) {
      case 'virtual_server':
        items.push(...importVirtualServer(statement, account, groups, virtuals));
        break;
      case 'virtual_server_group':
        break;
      default:
        items.push(leftOut(statement, account));
    }
  }
  for (const group of groups.values()) {
    if (!group.isUsed) items.push(leftOutGroup(group, account));
  }
  for (const statement of account.forgotten()) items.push(leftOut(statement, account));
  for (const remark of remarks) place(items, noteOfRemark(remark));
  const preface = [
    `lvskit.yaml, made of ${file} by lvskit import keepalived.`,
    ...differences(virtuals, items),
  ];
  return admit({ source: file, preface, items, words: account.fates(directives) });
}

/** Groups may stand below the virtual servers that name them. */
function readGroups(statements: readonly Statement[], account: Account): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const statement of statements) {
    const [keyword, name] = statement.words.map((word) => word.text);
    if (keyword !== 'virtual_server_group' || name === undefined || groups.has(name)) continue;
    groups.set(name, readGroup(statement, account));
  }
  return groups;
}

function importVirtualServer(
  statement: Statement,
  account: Account,
  groups: ReadonlyMap<string, Group>,
  virtuals: VirtualServer[],
): readonly ImportedItem[] {
  const whole = (message: string): readonly ImportedItem[] => {
    const notes = new Notes(account);
    notes.leaveOut(statement, message);
    return notes.taken.map((note) => ({ type: 'note', note }));
  };
  const [, first, second] = statement.words.map((word) => word.text);
  const group = first === 'group' ? groups.get(second ?? '') : undefined;
  const listen = listenOf(first, second);
  if (first === 'group' && group === undefined) return whole(`there is no group ${second ?? ''}`);
  if (group === undefined && listen === undefined) {
    return whole('keepalived passes over it: its address, port or mark is none');
  }
  if (!(statement.body ?? []).some(({ words }) => words[0]?.text === 'real_server')) {
    return whole('keepalived passes over a virtual server without real servers');
  }
  const virtual = readVirtualServer(statement, account);
  virtuals.push(virtual);
  const listens: readonly Listen[] = group?.listens ?? (listen === undefined ? [] : [listen]);
  if (listens.length === 0) return whole('there is nothing in its group');
  const notes = group === undefined || group.isUsed ? [] : group.notes.taken;
  if (group !== undefined) group.isUsed = true;
  return [
    ...notes.map((note): ImportedItem => ({ type: 'note', note })),
    ...listens.map((one, index): ImportedItem => {
      const service = new ServiceMaker(virtual, one).make(index === 0);
      return { type: 'service', service };
    }),
  ];
}

function leftOut(statement: Statement, account: Account): ImportedItem {
  const keyword = statement.words[0]?.text ?? '';
  const [, message] = otherBlocks.find(([pattern]) => pattern.test(keyword)) ?? [];
  const notes = new Notes(account);
  notes.leaveOut(statement, message ?? 'keepalived does not know it either');
  return { type: 'note', note: notes.taken[0] as Note };
}

function leftOutGroup({ statement }: Group, account: Account): ImportedItem {
  const notes = new Notes(account);
  notes.leaveOut(statement, 'no virtual server uses this group');
  return { type: 'note', note: notes.taken[0] as Note };
}

/** Puts a note before what stands below it in the same file. */
function place(items: ImportedItem[], note: Note): void {
  const isBelow = (item: ImportedItem) => {
    const at = item.type === 'note' ? item.note.place : item.service.place;
    return at.file === note.place.file && at.line > note.place.line;
  };
  const index = items.findIndex(isBelow);
  items.splice(index < 0 ? items.length : index, 0, { type: 'note', note });
}

/** What holds for the whole file rather than for one line of it. */
function differences(
  virtuals: readonly VirtualServer[],
  items: readonly ImportedItem[],
): readonly string[] {
  const checked = virtuals.flatMap(({ alpha, servers }) =>
    servers.filter(({ checkers }) => checkers.length > 0).map((server) => server.alpha ?? alpha),
  );
  const goDirectly = JSON.stringify(items).includes('"via":"direct"');
  return [
    ...(checked.includes(false)
      ? [
          'A new server joins after its first pass, as with alpha, which is not said everywhere here; one that',
          'the table has already goes on as it is.',
        ]
      : []),
    ...(goDirectly
      ? [
          'Checks go to the servers themselves (via: direct), as those of keepalived do. Without that they go by',
          'the VIP with dr and tun, and find servers too that have lost it.',
        ]
      : []),
  ];
}
