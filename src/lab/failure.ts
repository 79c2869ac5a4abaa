import type { ServiceKey } from '../ipvs/service.ts';
import { LabClients, type Outage } from './clients.ts';
import type { Lab } from './lab.ts';
import type { LabServer } from './server.ts';
import { waitFor } from './wait.ts';

/** A server that died and came back, and what clients saw of it. */
export interface ServerDeath {
  readonly server: string;
  readonly outage: Outage;
  /** From when it served again to its weight in the kernel's table. */
  readonly backAfterMs: number;
}

/** A director that died, and what clients saw of it until the next one directed. */
export interface DirectorDeath {
  readonly outage: Outage;
}

/** Told what happens while it happens. */
export interface FailureObserver {
  readonly onDeath?: (server: LabServer) => void;
  readonly onOutage?: (outage: Outage) => void;
}

/** Attempts in a row that have to be answered for everything to be well. */
const enough = 5;

/** Ends a server while clients go on asking, and starts it again. */
export async function demonstrateServerDeath(
  lab: Lab,
  service: ServiceKey,
  server: LabServer,
  signal: AbortSignal,
  observer: FailureObserver = {},
): Promise<ServerDeath> {
  const weight = () => weightOf(lab, service, server);
  const usual = await weight();
  await using clients = new LabClients(lab);
  await clients.answered(enough, signal);
  observer.onDeath?.(server);
  const diedAt = performance.now();
  await server.close();
  const name = server.host.name;
  await waitFor(`${name} is out of service`, async () => (await weight()) === 0, signal);
  await clients.answered(enough, signal);
  await clients.stop();
  const outage = clients.outageSince(diedAt);
  observer.onOutage?.(outage);
  await lab.serve(server.host, { port: server.port });
  const servesSince = performance.now();
  await waitFor(`${name} is back in service`, async () => (await weight()) === usual, signal);
  return { server: name, outage, backAfterMs: performance.now() - servesSince };
}

/**
 * Ends the director while clients go on asking.
 *
 * @param kill Ends it, with nothing that it could do about it.
 * @param next Starts another one; done when that one directs.
 */
export async function demonstrateDirectorDeath(
  lab: Lab,
  kill: () => Promise<void>,
  next: () => Promise<void>,
  signal: AbortSignal,
): Promise<DirectorDeath> {
  await using clients = new LabClients(lab);
  await clients.answered(enough, signal);
  const diedAt = performance.now();
  await kill();
  await clients.answered(enough, signal);
  await next();
  await clients.answered(enough, signal);
  await clients.stop();
  return { outage: clients.outageSince(diedAt) };
}

/** 0 also for a server that the table does not have. */
async function weightOf(lab: Lab, service: ServiceKey, { host }: LabServer): Promise<number> {
  const found = await lab.ipvs.find(service);
  return found?.destinations.find(({ key }) => key.address === host.address)?.weight ?? 0;
}
