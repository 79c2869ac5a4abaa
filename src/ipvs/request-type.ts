import { command } from '../native/ipvs-records.ts';

/** What a request asks the kernel to do, and the number of the command for it. */
export const commandOf = {
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
} as const;

export type RequestType = keyof typeof commandOf;
