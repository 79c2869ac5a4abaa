import { checkName, checkObject } from '../check.ts';
import { requestRecord } from '../native/ipvs-records.ts';
import {
  type DestinationConfig,
  type DestinationKey,
  type DestinationSettings,
  formatDestinationKey,
  isPartialDestinationConfig,
  writeDestinationConfig,
  writeDestinationKey,
} from './destination.ts';
import type { RecordView } from './record-view.ts';
import { commandOf } from './request-type.ts';
import {
  formatServiceKey,
  isPartialServiceConfig,
  type ServiceConfig,
  type ServiceKey,
  type ServiceSettings,
  writeServiceConfig,
  writeServiceKey,
} from './service.ts';
import {
  type SyncDaemonConfig,
  type SyncRole,
  writeSyncDaemon,
  writeSyncRole,
} from './sync-daemon.ts';
import { type Timeouts, timeoutNumbers } from './timeouts.ts';

/**
 * One change of the table, as a transaction takes them. Each type is what the method of `Ipvs` with
 * a like name does, and has its refusals.
 */
export type Change =
  | { readonly type: 'add-service'; readonly service: ServiceKey; readonly config?: ServiceConfig }
  | { readonly type: 'edit-service'; readonly service: ServiceKey; readonly config: ServiceConfig }
  | { readonly type: 'remove-service'; readonly service: ServiceKey }
  | {
      readonly type: 'add-destination';
      readonly service: ServiceKey;
      readonly destination: DestinationKey;
      readonly config?: DestinationConfig;
    }
  | {
      readonly type: 'edit-destination';
      readonly service: ServiceKey;
      readonly destination: DestinationKey;
      readonly config: DestinationConfig;
    }
  | {
      readonly type: 'remove-destination';
      readonly service: ServiceKey;
      readonly destination: DestinationKey;
    }
  | { readonly type: 'flush' }
  /** Sets the counters of one service and its destinations, or of all, to zero. */
  | { readonly type: 'zero'; readonly service?: ServiceKey }
  | { readonly type: 'set-timeouts'; readonly timeouts: Partial<Timeouts> }
  | { readonly type: 'start-sync-daemon'; readonly daemon: SyncDaemonConfig }
  | { readonly type: 'stop-sync-daemon'; readonly role: SyncRole };

export type Edit = Extract<Change, { type: 'edit-service' | 'edit-destination' }>;

/** Whether a change is an edit that leaves something as it is, which has to be looked up first. */
export function isPartialEdit(change: Change): change is Edit {
  if (change?.type === 'edit-service') return isPartialServiceConfig(change.config ?? {});
  if (change?.type === 'edit-destination') return isPartialDestinationConfig(change.config ?? {});
  return false;
}

/** Has an error say which of several changes it is about. */
export function located(error: unknown, index: number, count: number): unknown {
  if (count > 1 && error instanceof Error) error.message = `change ${index}: ${error.message}`;
  return error;
}

/** What an edit keeps where its config is silent. */
export interface EditBase {
  readonly service?: ServiceSettings | undefined;
  readonly destination?: DestinationSettings | undefined;
}

/**
 * Writes one change into its record, which is all zeros.
 *
 * @throws TypeError, RangeError for anything the kernel would refuse, or would take and not do.
 */
export function writeChange(view: RecordView, at: number, change: Change, base: EditBase): void {
  checkObject(change, 'change');
  const serviceAt = at + requestRecord.service;
  const destinationAt = at + requestRecord.destination;
  const number = checkName(commandOf, change.type, 'type of change');
  view.setU32(at + requestRecord.command, number);
  switch (change.type) {
    case 'add-service':
      writeServiceKey(view, serviceAt, change.service);
      writeServiceConfig(view, serviceAt, change.config === undefined ? {} : change.config);
      break;
    case 'edit-service':
      writeServiceKey(view, serviceAt, change.service);
      writeServiceConfig(view, serviceAt, change.config, base.service);
      break;
    case 'remove-service':
      writeServiceKey(view, serviceAt, change.service);
      break;
    case 'add-destination':
      writeServiceKey(view, serviceAt, change.service);
      writeDestinationKey(view, destinationAt, change.destination, serviceAt);
      writeDestinationConfig(
        view,
        destinationAt,
        change.config === undefined ? {} : change.config,
        serviceAt,
      );
      break;
    case 'edit-destination':
      writeServiceKey(view, serviceAt, change.service);
      writeDestinationKey(view, destinationAt, change.destination, serviceAt);
      writeDestinationConfig(view, destinationAt, change.config, serviceAt, base.destination);
      break;
    case 'remove-destination':
      writeServiceKey(view, serviceAt, change.service);
      writeDestinationKey(view, destinationAt, change.destination, serviceAt);
      break;
    case 'zero':
      if (change.service !== undefined) {
        view.setU32(at + requestRecord.hasService, 1);
        writeServiceKey(view, serviceAt, change.service);
      }
      break;
    case 'set-timeouts': {
      const [tcp, tcpFin, udp] = timeoutNumbers(change.timeouts);
      view.setU32(at + requestRecord.timeouts, tcp);
      view.setU32(at + requestRecord.timeouts + 4, tcpFin);
      view.setU32(at + requestRecord.timeouts + 8, udp);
      break;
    }
    case 'start-sync-daemon':
      writeSyncDaemon(view, at + requestRecord.daemon, change.daemon);
      break;
    case 'stop-sync-daemon':
      writeSyncRole(view, at + requestRecord.daemon, change.role);
      break;
    case 'flush':
      break;
  }
}

/** What a change does, to go after "cannot": `add destination 10.0.0.11:80 to tcp 192.0.2.1:80`. */
export function describeChange(change: Change): string {
  switch (change.type) {
    case 'add-service':
      return `add service ${formatServiceKey(change.service)}`;
    case 'edit-service':
      return `edit service ${formatServiceKey(change.service)}`;
    case 'remove-service':
      return `remove service ${formatServiceKey(change.service)}`;
    case 'add-destination':
      return `add destination ${destinationText(change)} to ${formatServiceKey(change.service)}`;
    case 'edit-destination':
      return `edit destination ${destinationText(change)} of ${formatServiceKey(change.service)}`;
    case 'remove-destination':
      return `remove destination ${destinationText(change)} from ${formatServiceKey(change.service)}`;
    case 'flush':
      return 'flush the table';
    case 'zero':
      return change.service === undefined
        ? 'zero all counters'
        : `zero the counters of ${formatServiceKey(change.service)}`;
    case 'set-timeouts':
      return 'set the timeouts';
    case 'start-sync-daemon':
      return `start the ${change.daemon.role} sync daemon on ${change.daemon.interface}`;
    case 'stop-sync-daemon':
      return `stop the ${change.role} sync daemon`;
  }
}

/** The destination with the port it has, its own or that of its service. */
function destinationText(change: {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
}): string {
  const { service, destination } = change;
  const inherited = service.firewallMark === undefined ? service.port : 0;
  return formatDestinationKey({ port: inherited, ...destination });
}
