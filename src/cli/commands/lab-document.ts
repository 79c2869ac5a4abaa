import { release } from 'node:os';
import type { DemonstrationResult } from '../../lab/demonstration.ts';
import type { LabStep } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Verdict } from '../../lab/promise.ts';
import type { ServerAnswer } from '../../lab/server.ts';
import type { VipClaims } from '../../lab/vip-claims.ts';

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
}

export function labDocument(
  lab: Lab,
  scheduler: string,
  steps: readonly LabStep[],
  result: DemonstrationResult,
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
    steps,
    answers: result.answers,
    promise: { sentence: result.promise.sentence, ...result.verdict },
    counted: result.counted,
    service: result.service,
    claims: result.claims,
  };
}
