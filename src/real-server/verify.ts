import { readFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { claimedBy, originalSysctls } from './ledger.ts';
import { Session, type SessionOptions } from './session.ts';
import { checkSettings, type RealServerSettings, setupName } from './settings.ts';
import type { SetupSettings } from './setup-settings.ts';
import { verifyStorage } from './storage/verify.ts';
import { finding, type LocalResult, verifyLocally } from './verify-local.ts';
import { verifyOnWire, type WireAnswer } from './verify-wire.ts';

export interface VerifyOptions extends SessionOptions {
  /** What this machine has to be a real server of. Default: what is set up on it. */
  readonly settings?: RealServerSettings | undefined;
  /** Whether to ask on the networks. Default true. */
  readonly wire?: boolean | undefined;
  /** How long to listen for answers, in milliseconds. Default 1000. */
  readonly timeoutMs?: number | undefined;
}

export interface VerifiedSetup {
  readonly name: string;
  readonly settings: SetupSettings;
  readonly checks: LocalResult['checks'];
  readonly answers: readonly WireAnswer[];
  readonly findings: readonly Finding[];
}

/**
 * Proves that this machine is a real server as it should be: every setting, and that it does not
 * answer for the VIP on any of its networks. It changes nothing; while it asks, a link
 * `lvs-pNUMBER` comes and goes.
 */
export async function verifyRealServer(
  options: VerifyOptions = {},
): Promise<readonly VerifiedSetup[]> {
  await using session = await Session.open(options, false);
  const { host, ledger } = session;
  const given = options.settings && checkSettings(options.settings);
  const setups =
    given === undefined
      ? ledger.setups
      : [{ name: setupName(given), settings: given, complete: true }];
  const result: VerifiedSetup[] = [];
  for (const { name, settings, complete } of setups) {
    const { checks, answers, findings } =
      settings.mode === 'storage'
        ? { ...(await verifyStorage(host.storage, settings.storage)), answers: [] }
        : await verifyVips(session, name, settings, options);
    const unfinished = complete
      ? []
      : [finding('cut-short', `setup ${name} was cut short`, { mend: `rs-setup undo ${name}` })];
    result.push({
      name,
      settings,
      checks,
      answers,
      findings: [...unfinished, ...findings],
    });
  }
  return result;
}

async function verifyVips(
  { host, ledger }: Session,
  name: string,
  settings: RealServerSettings,
  options: VerifyOptions,
): Promise<Pick<VerifiedSetup, 'checks' | 'answers' | 'findings'>> {
  const facts = await readFacts(host, settings, originalSysctls(ledger));
  const local = await verifyLocally(host, settings, facts, claimedBy(ledger, name));
  const wire =
    options.wire === false
      ? { answers: [], findings: [] }
      : await verifyOnWire(host, settings.vips, facts, options);
  return {
    checks: local.checks,
    answers: wire.answers,
    findings: [...local.findings, ...wire.findings],
  };
}
