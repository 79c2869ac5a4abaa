import { command } from '../native/ipvs-records.ts';

export type RequestType =
  | 'add-service'
  | 'edit-service'
  | 'remove-service'
  | 'add-destination'
  | 'edit-destination'
  | 'remove-destination'
  | 'flush'
  | 'zero'
  | 'set-timeouts'
  | 'start-sync-daemon'
  | 'stop-sync-daemon';

/** What a request asks the kernel to do, and the number of the command for it. */
export const commandOf: Readonly<Record<RequestType, number>> = {
  'add-service': command.newService,
  'edit-service': command.setService,
  'remove-service': command.delService,
  'add-destination': command.newDest,
  'edit-destination': command.setDest,
  'remove-destination': command.delDest,
  flush: command.flush,
  zero: command.zero,
  'set-timeouts': command.setConfig,
  'start-sync-daemon': command.newDaemon,
  'stop-sync-daemon': command.delDaemon,
};
