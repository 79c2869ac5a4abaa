import { describeChange } from '../ipvs/change.ts';
import type { PlannedChange } from './plan.ts';

/** What an {@link ReconcileError} can be; stable, to be matched by programs. */
export type ReconcileErrorCode =
  /** Refused, and the table is what it was before. */
  | 'RECONCILE_REFUSED'
  /** Refused, and not everything that had been changed could be put back: read the table. */
  | 'RECONCILE_NOT_RESTORED';

/** A change that was not made, and why. */
export interface Refusal {
  /** Absent when it is about the table as a whole. */
  readonly change: PlannedChange | undefined;
  readonly error: Error;
}

/** What became of putting back what was changed. */
export interface PutBack {
  /** How many changes it took. */
  readonly changes: number;
  /** What could not be put back. */
  readonly failures: readonly Refusal[];
}

/** So many refusals are told in the message; a table can have thousands, all for one reason. */
const refusalsTold = 10;

/** A plan could not be carried out. */
export class ReconcileError extends Error {
  static {
    ReconcileError.prototype.name = 'ReconcileError';
  }

  readonly code: ReconcileErrorCode;
  /** What the kernel refused; empty when something else ended the work, which is the `cause`. */
  readonly refusals: readonly Refusal[];
  readonly putBack: PutBack;

  constructor(refusals: readonly Refusal[], putBack: PutBack, cause?: unknown) {
    super(messageOf(refusals, putBack, cause), {
      cause: cause ?? refusals[0]?.error,
    });
    this.code = putBack.failures.length === 0 ? 'RECONCILE_REFUSED' : 'RECONCILE_NOT_RESTORED';
    this.refusals = refusals;
    this.putBack = putBack;
  }
}

function messageOf(refusals: readonly Refusal[], putBack: PutBack, cause: unknown): string {
  const lines = refusals.slice(0, refusalsTold).map(({ error }) => error.message);
  if (refusals.length > refusalsTold) {
    lines.push(`and ${refusals.length - refusalsTold} more like this`);
  }
  if (refusals.length === 0) lines.push(cause instanceof Error ? cause.message : String(cause));
  const { changes, failures } = putBack;
  if (failures.length === 0) {
    const made = changes === 0 ? 'nothing was changed' : 'everything was put back';
    const count = changes === 0 ? '' : ` (${changes} ${changes === 1 ? 'change' : 'changes'})`;
    lines.push(`${made}${count}: the table is as it was`);
  } else {
    lines.push('NOT everything could be put back; the table is not as it was:');
    for (const { change, error } of failures.slice(0, refusalsTold)) {
      // Errors of the kernel say what was tried, those about arguments do not.
      const what =
        change === undefined || 'errno' in error ? '' : `cannot ${describeChange(change)}: `;
      lines.push(`  ${what}${error.message}`);
    }
    if (failures.length > refusalsTold) lines.push(`  and ${failures.length - refusalsTold} more`);
  }
  return lines.join('\n');
}
