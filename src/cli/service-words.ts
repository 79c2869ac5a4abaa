import { Argument, type Command } from 'commander';
import { parseServer } from '../config/server-text.ts';
import type { DestinationKey } from '../ipvs/destination.ts';
import { parseServiceKey, type ServiceKey } from '../ipvs/service.ts';
import { canonicalServiceKey } from '../ipvs/table-definition.ts';
import { UsageError } from './command-context.ts';

const serviceForm = 'tcp|udp|sctp ADDRESS:PORT, or fwmark NUMBER [ipv6]';

/** Declares the words that name a service. */
export function addServiceArgument(command: Command): Command {
  return command.addArgument(new Argument('<service...>', serviceForm));
}

/** Declares the words that name a service and, behind them, one of its destinations. */
export function addDestinationArgument(command: Command): Command {
  return command
    .usage('[options] <service...> <destination>')
    .addArgument(
      new Argument(
        '<service-and-destination...>',
        `${serviceForm}; then ADDRESS[:PORT] of the real server`,
      ),
    );
}

/** Reads the words that name a service. @throws UsageError */
export function serviceOf(words: readonly string[]): ServiceKey {
  try {
    return canonicalServiceKey(parseServiceKey(words.join(' ').trim().replaceAll(/\s+/g, ' ')));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Reads the words that name a destination of a service. @throws UsageError */
export function destinationOf(words: readonly string[]): {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
} {
  const all = words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
  if (isService(all)) throw new UsageError(`the destination is missing, behind ${all.join(' ')}`);
  const text = all.at(-1) ?? '';
  const destination = parseServer(text);
  if (all.length < 2 || destination === undefined) {
    throw new UsageError(
      `destination ${JSON.stringify(text)} must be an address, or address:port, such as 10.0.0.11 or [2001:db8::11]:80`,
    );
  }
  return { service: serviceOf(all.slice(0, -1)), destination };
}

function isService(words: readonly string[]): boolean {
  try {
    serviceOf(words);
    return true;
  } catch {
    return false;
  }
}
