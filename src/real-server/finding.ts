/** What can be wrong with a real server. The ids are stable; sentences are for people. */
export type FindingId =
  | 'address-conflict'
  | 'arp-announce'
  | 'arp-ignore'
  | 'cut-short'
  | 'gateway'
  | 'host-route'
  | 'neighbour-proxy'
  | 'not-asked'
  | 'redirects'
  | 'rp-filter'
  | 'storage-access'
  | 'storage-missing'
  | 'storage-options'
  | 'storage-other'
  | 'storage-session'
  | 'storage-silent'
  | 'storage-stale'
  | 'tunnel-link'
  | 'tunnel-mtu'
  | 'tunnel-port'
  | 'vip-answered-by-several'
  | 'vip-answered-here'
  | 'vip-missing'
  | 'vip-unanswered';

/** Something that is not as it should be. */
export interface Finding<Id extends string = FindingId, Severity = 'error' | 'warning'> {
  readonly id: Id;
  /** An `error` keeps connections from working, or lets them go astray. */
  readonly severity: Severity;
  /** What was found where. */
  readonly found: string;
  /** What comes of it. */
  readonly meaning: string;
  /** What one would type to mend it, where a command does. */
  readonly mend?: string;
}

/** What each finding comes to, whatever it was found on. */
export const meanings: Readonly<Record<FindingId, string>> = {
  'address-conflict': 'this machine cannot be a real server of that VIP as it is',
  'arp-announce':
    'it asks ARP in the name of the VIP, so that routers send the VIP here, past the director',
  'arp-ignore': 'it answers ARP for the VIP, so that clients go past the director',
  'cut-short': 'not everything is in place',
  gateway: 'answers go past the director, which has to write the VIP into them; clients drop them',
  'host-route': 'tools that look for the route of the VIP do not find it; connections work',
  'neighbour-proxy': 'it answers for the VIP in the name of others',
  'not-asked': 'whether anybody else answers for the VIP there is not known',
  redirects: 'a redirect from the director can lead answers past it',
  'rp-filter': 'packets that come out of the tunnel are dropped without a word',
  'storage-access':
    'the server lets root in no further, by its export or by making root nobody; the service may be let in all the same',
  'storage-missing': 'the service finds an empty folder where its files should be',
  'storage-options': 'the service may be kept from what it needs, or allowed what it should not do',
  'storage-other': 'the service serves from another place than the other real servers',
  'storage-session': 'the disk of the SAN is not there, or cannot be reached',
  'storage-silent': 'whoever reads or writes there waits, and connections with them',
  'storage-stale': 'the server gave the folder up, or made it anew; files cannot be opened',
  'tunnel-link': 'packets from the director are not unpacked; clients see a refusal or nothing',
  'tunnel-mtu':
    'where ICMP is filtered between director and clients, connections hang with the first large packet',
  'tunnel-port': 'packets from the director come to a UDP port where nobody unpacks them',
  'vip-answered-by-several': 'clients reach sometimes one and sometimes the other',
  'vip-answered-here': 'clients go past the director to this machine',
  'vip-missing': 'packets for the VIP are not taken in; connections to it time out',
  'vip-unanswered': 'clients on that network find nobody at the VIP: the director is not there',
};
