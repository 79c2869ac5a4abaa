import type { Examination } from '../../doctor/doctor.ts';
import type { Outcome, VipHolder } from '../../doctor/facts.ts';
import type { Finding } from '../../doctor/finding.ts';
import { type TunnelRoom, tunnelRoom } from '../../doctor/judge-tunnels.ts';
import { formatDestinationKey } from '../../ipvs/destination.ts';

interface VipDocument {
  readonly vip: string;
  /** Whether the director has it. */
  readonly here: boolean;
  /** Who else answered for it, by interface; interfaces that were not asked are not there. */
  readonly answers: readonly { readonly link: string; readonly others: readonly VipHolder[] }[];
}

interface ServerDocument {
  readonly service: string;
  readonly destination: string;
  readonly forwarding: string;
  readonly weight: number;
  readonly trial?: {
    readonly path: Outcome;
    readonly direct: Outcome;
    readonly tunnelled?: Outcome;
    readonly provesWayBack: boolean;
    readonly mac?: string;
  };
  /** Why there was no trial. */
  readonly untried?: string;
  readonly tunnel?: TunnelRoom;
}

/** What `lvskit doctor -o json` prints. Fields may be added; a change of meaning raises `version`. */
export interface DoctorDocument {
  readonly version: 1;
  /** False when one of the findings is an error. */
  readonly ok: boolean;
  readonly kernel: string;
  readonly vips: readonly VipDocument[];
  readonly servers: readonly ServerDocument[];
  readonly findings: readonly Finding[];
  readonly hints: readonly Finding[];
}

export function doctorDocument(examination: Examination): DoctorDocument {
  const { kernel, vips, answers, servers, findings, hints } = examination;
  return {
    version: 1,
    ok: findings.every(({ severity }) => severity !== 'error'),
    kernel,
    vips: vips.map(({ vip, here }) => ({
      vip,
      here,
      answers: answers
        .filter((answer) => answer.vip === vip)
        .map(({ link, others }) => ({ link, others })),
    })),
    servers: servers.map((facts): ServerDocument => {
      const { service, server, trial, untried } = facts;
      const tunnel = tunnelRoom(facts);
      return {
        service: service.text,
        destination: formatDestinationKey(server.key),
        forwarding: server.forwarding,
        weight: server.weight,
        ...(trial === undefined ? {} : { trial }),
        ...(untried === undefined ? {} : { untried }),
        ...(tunnel === undefined ? {} : { tunnel }),
      };
    }),
    findings,
    hints,
  };
}
