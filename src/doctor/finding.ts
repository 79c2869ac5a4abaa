import type { Finding as AnyFinding } from '../real-server/finding.ts';

/** What part of a director a finding is about; findings are told in this order. */
export const areas = ['addresses', 'servers', 'director', 'table', 'load', 'programs'] as const;
export type Area = (typeof areas)[number];

/** What is found, by a name that stays. */
export type FindingId =
  | 'vip-answered-by-others'
  | 'vip-not-here'
  | 'vip-elsewhere'
  | 'vip-silent'
  | 'not-asked'
  | 'server-unreachable'
  | 'server-refuses'
  | 'vip-missing'
  | 'vip-not-served'
  | 'tunnel-link'
  | 'rp-filter'
  | 'gateway'
  | 'path-broken'
  | 'behind-router'
  | 'no-route'
  | 'not-tried'
  | 'port-ignored'
  | 'tunnel-mtu'
  | 'forwarding-off'
  | 'send-redirects'
  | 'same-network'
  | 'strict-filter'
  | 'no-servers'
  | 'all-drained'
  | 'differs-from-config'
  | 'scheduler-missing'
  | 'expire-quiescent-template'
  | 'expire-nodest-conn'
  | 'conn-reuse-mode'
  | 'conntrack'
  | 'connection-table'
  | 'connection-limit'
  | 'conntrack-full'
  | 'other-program';

/** What each finding is about and comes to. The ids are stable; sentences are for people. */
const kinds: Readonly<Record<FindingId, readonly [Area, string]>> = {
  'vip-answered-by-others': [
    'addresses',
    'clients reach sometimes the director and sometimes the other, past the director and without balancing',
  ],
  'vip-not-here': [
    'addresses',
    'the director does not have the virtual address: what comes for it is not balanced',
  ],
  'vip-elsewhere': [
    'addresses',
    'another machine has the virtual address; that is as it should be on a backup, and nowhere else',
  ],
  'vip-silent': [
    'addresses',
    'the director has the virtual address and does not answer for it: clients on that network do not find it',
  ],
  'not-asked': ['addresses', 'who else answers for the virtual address there is not known'],
  'server-unreachable': ['servers', 'connections that are given to this server are lost'],
  'server-refuses': [
    'servers',
    'no program listens at that port of the server: clients are refused',
  ],
  'vip-missing': [
    'servers',
    'the server answers at its own address and not at the virtual one: it does not have it, and drops what the director sends; clients see a timeout',
  ],
  'vip-not-served': [
    'servers',
    'the program on the server listens at the server’s own address and not at the virtual one: clients are refused',
  ],
  'tunnel-link': [
    'servers',
    'the server answers directly, and does not unpack what comes through the tunnel: the tunnel link is missing, down, or of another kind than the director’s',
  ],
  'rp-filter': [
    'servers',
    'the server answers directly, and drops what comes out of the tunnel, whatever address it is for: that is what the reverse path filter does without a word',
  ],
  gateway: [
    'servers',
    'the server answers the director’s own network, and its answers to others do not come back to the director, which has to write the virtual address into them: clients see a timeout (a server with routes to its clients alone, and no default route, is tried right with --from)',
  ],
  'path-broken': [
    'servers',
    'the server answers directly, and connections through the director fail',
  ],
  'behind-router': [
    'servers',
    'direct routing goes by Ethernet address: the packet reaches the router and not the server',
  ],
  'no-route': ['servers', 'the director has no way to the server'],
  'not-tried': ['servers', 'whether connections through the director arrive is not known'],
  'port-ignored': [
    'servers',
    'direct routing and tunnels leave the port as it is: the server is reached at the port of the service',
  ],
  'tunnel-mtu': [
    'servers',
    'full packets of clients do not fit through the tunnel: such connections begin and then hang wherever ICMP does not get through',
  ],
  'forwarding-off': [
    'director',
    'answers of servers by address translation are not passed on to clients',
  ],
  'send-redirects': [
    'director',
    'the director tells servers of a shorter way to clients, past itself: answers then come with the wrong address',
  ],
  'same-network': [
    'director',
    'clients on the servers’ own network are answered directly, past the director, and drop the answer',
  ],
  'strict-filter': [
    'director',
    'the director drops packets of clients to whom its way back is another interface',
  ],
  'no-servers': ['table', 'clients of the service are refused'],
  'all-drained': ['table', 'all servers have weight 0: new clients of the service are refused'],
  'differs-from-config': ['table', 'the kernel balances by other rules than the file says'],
  'scheduler-missing': ['table', 'the service cannot be added to the kernel'],
  'expire-quiescent-template': [
    'table',
    'clients of a persistent service stay with a server after its weight was set to 0',
  ],
  'expire-nodest-conn': [
    'table',
    'clients that send UDP all the time stay with a server after it was removed, and get no answer',
  ],
  'conn-reuse-mode': [
    'table',
    'what becomes of a client that uses a port again while its last connection is still known',
  ],
  conntrack: [
    'table',
    'every balanced connection is in the table of the firewall too, which costs time and memory',
  ],
  'connection-table': [
    'load',
    'many connections share a bucket of the table: every packet takes longer to place',
  ],
  'connection-limit': ['load', 'new connections are refused when the limit is reached'],
  'conntrack-full': ['load', 'new connections are dropped when the table of the firewall is full'],
  'other-program': ['programs', 'two programs change the same table, and undo each other'],
};

/** A `hint` is advice that a good installation can do without. */
export type Severity = 'error' | 'warning' | 'hint';

export interface Finding extends AnyFinding<FindingId, Severity> {
  readonly area: Area;
  /** The service, and the server of it, as `lvskit list` names them; or the virtual address. */
  readonly about?: string;
}

export const findingIds = Object.keys(kinds) as readonly FindingId[];

export interface FindingDetails {
  readonly severity?: Severity;
  readonly about?: string | undefined;
  readonly mend?: string | undefined;
}

/** A finding with the area and the meaning of its kind. */
export function finding(id: FindingId, found: string, details: FindingDetails = {}): Finding {
  const [area, meaning] = kinds[id];
  const { severity = 'error', about, mend } = details;
  return {
    id,
    severity,
    area,
    ...(about === undefined ? {} : { about }),
    found,
    meaning,
    ...(mend === undefined ? {} : { mend }),
  };
}
