import { release } from 'node:os';
import type { DemonstrationResult } from '../../lab/demonstration.ts';
import type { DirectorDeath, ServerDeath } from '../../lab/failure.ts';
import type { LabStep } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Verdict } from '../../lab/promise.ts';
import type { ServerAnswer } from '../../lab/server.ts';
import type { VipClaims } from '../../lab/vip-claims.ts';
import type { DirectorEvent } from '../../observe/director-event.ts';

/** What `lvskit lab -o json` prints. Fields may be added; a change of meaning raises `version`. */
export interface LabDocument {
  readonly version: 1;
  /** Whether everything was as it should be; the exit status says the same. */
  readonly kept: boolean;
  readonly kernel: string;
  readonly lab: string;
  readonly forwarding: string;
  readonly family: string;
  readonly scheduler: string;
  readonly vip: string;
  readonly hosts: readonly {
    readonly name: string;
    readonly role: string;
    readonly netns: string;
    readonly addresses: readonly string[];
  }[];
  readonly steps: readonly LabStep[];
  readonly answers: readonly ServerAnswer[];
  readonly promise: Verdict & { readonly sentence: string };
  /** Whether the kernel's counters agree with who answered. */
  readonly counted: boolean;
  /** The service with its destinations and statistics; counters are decimal strings. */
  readonly service: unknown;
  readonly claims: VipClaims;
  /** The director's `lvskit.yaml`. */
  readonly config: string;
  /** What it told, as `lvskit run --log-format json` does. */
  readonly events: readonly DirectorEvent[];
  readonly serverDeath: ServerDeath;
  readonly directorDeath: DirectorDeath;
}

/** What there is to tell. */
export interface LabSeen
  extends Pick<LabDocument, 'steps' | 'config' | 'events' | 'serverDeath' | 'directorDeath'> {
  readonly result: DemonstrationResult;
}

export function labDocument(
  lab: Lab,
  scheduler: string,
  { result, ...seen }: LabSeen,
  kept: boolean,
): LabDocument {
  return {
    version: 1,
    kept,
    kernel: release(),
    lab: lab.name,
    forwarding: lab.forwarding,
    family: lab.family,
    scheduler,
    vip: lab.vip,
    hosts: lab.hosts.map(({ name, role, netns, addresses }) => ({ name, role, netns, addresses })),
    ...seen,
    answers: result.answers,
    promise: { sentence: result.promise.sentence, ...result.verdict },
    counted: result.counted,
    service: result.service,
    claims: result.claims,
  };
}
