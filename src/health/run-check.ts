import type { Probe } from '../config/checks.ts';
import { Attempt, DeadlineFailure } from './attempt.ts';
import { CheckFailure, type CheckResult, oneLine, type Passed } from './check-result.ts';
import { checkAgent } from './checks/agent.ts';
import { checkDns } from './checks/dns.ts';
import { checkExec } from './checks/exec.ts';
import { checkFile } from './checks/file.ts';
import { checkGrpc } from './checks/grpc.ts';
import { checkHttp } from './checks/http.ts';
import { checkIcmp } from './checks/icmp.ts';
import { checkMysql } from './checks/mysql.ts';
import { checkPostgres } from './checks/postgres.ts';
import { checkRedis } from './checks/redis.ts';
import { checkSmtp } from './checks/smtp.ts';
import { checkTcp } from './checks/tcp.ts';
import { checkTls } from './checks/tls.ts';
import { checkUdp } from './checks/udp.ts';
import type { Clock } from './clock.ts';
import type { Endpoint, Transport } from './transport.ts';

/** What running a check takes besides the check. */
export interface CheckContext {
  readonly clock: Clock;
  readonly transport: Transport;
}

/** A run of a check. */
export interface RunningCheck {
  /** Never rejects. */
  readonly result: Promise<CheckResult>;
  /** Gives up; the result says so. */
  cancel(): void;
}

/** Runs a check once. It is over by its time-out, whatever the server does. */
export function runCheck(
  probe: Probe,
  endpoint: Endpoint,
  timeoutMs: number,
  { clock, transport }: CheckContext,
): RunningCheck {
  const startedAt = clock.now();
  const attempt = new Attempt(clock, timeoutMs);
  // Made by hand of one promise: thousands of these run each second.
  const result = new Promise<CheckResult>((resolve) => {
    const finish = (outcome: Outcome): void => {
      attempt.end();
      // Whoever comes first; the others are not heard.
      resolve({ ...outcome, durationMs: clock.now() - startedAt });
    };
    attempt.onCut = (reason) => {
      const { silence } = attempt;
      const isSilent = reason instanceof DeadlineFailure && silence !== undefined;
      finish(isSilent ? passed(silence) : failed(reason));
    };
    ask(probe, endpoint, attempt, transport).then(
      (outcome) => finish(passed(outcome)),
      (error: unknown) => finish(failed(error)),
    );
  });
  return { result, cancel: () => attempt.cancel() };
}

function ask(
  probe: Probe,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  switch (probe.kind) {
    case 'tcp':
      return checkTcp(endpoint, attempt, transport);
    case 'tls':
      return checkTls(probe, endpoint, attempt, transport);
    case 'http':
      return checkHttp(probe, endpoint, attempt, transport);
    case 'grpc':
      return checkGrpc(probe, endpoint, attempt, transport);
    case 'dns':
      return checkDns(probe, endpoint, attempt, transport);
    case 'udp':
      return checkUdp(probe, endpoint, attempt, transport);
    case 'smtp':
      return checkSmtp(probe, endpoint, attempt, transport);
    case 'redis':
      return checkRedis(endpoint, attempt, transport);
    case 'mysql':
      return checkMysql(endpoint, attempt, transport);
    case 'postgres':
      return checkPostgres(endpoint, attempt, transport);
    case 'icmp':
      return checkIcmp(endpoint, attempt, transport);
    case 'exec':
      return checkExec(probe, attempt);
    case 'agent':
      return checkAgent(endpoint, attempt, transport);
    case 'file':
      return checkFile(probe, attempt);
  }
}

type Outcome = Omit<CheckResult, 'durationMs'>;

function passed({ code, detail, warning, agent }: Passed): Outcome {
  return {
    passed: true,
    code,
    detail: oneLine(detail),
    ...(warning !== undefined && { warning: oneLine(warning) }),
    ...(agent !== undefined && { agent }),
  };
}

function failed(error: unknown): Outcome {
  if (error instanceof CheckFailure) {
    return { passed: false, code: error.code, detail: oneLine(error.message) };
  }
  // Not foreseen; a check that broke says nothing good of a server, and must not end the director.
  const detail = error instanceof Error ? error.message : String(error);
  return { passed: false, code: 'SOCKERR', detail: oneLine(detail) };
}
