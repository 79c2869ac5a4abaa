import { command, requestRecord } from '../native/ipvs-records.ts';
import { type Edit, type EditBase, writeChange } from './change.ts';
import type { DestinationSettings } from './destination.ts';
import type { RecordView } from './record-view.ts';
import { type ServiceKey, type ServiceSettings, writeServiceKey } from './service.ts';

/**
 * Writes, for an edit that leaves out settings of something that is not there, the question whether
 * its service is: the answer, at the place of the edit, says what is missing. To send the edit with
 * settings that were made up would be wrong should another program add the thing at this moment.
 *
 * @throws TypeError, RangeError for settings that could not be right whatever they were to change.
 */
export function writeAbsentEdit(view: RecordView, at: number, change: Edit): void {
  writeChange(view, at, change, baseThatAgrees(change));
  view.u8.fill(0, at, at + requestRecord.size);
  view.setU32(at + requestRecord.command, command.getService);
  writeServiceKey(view, at + requestRecord.service, change.service);
}

/** Settings that contradict those of the edit as little as possible. */
function baseThatAgrees(change: Edit): EditBase {
  if (change.type === 'edit-service') {
    const [flag] = Array.isArray(change.config?.schedulerFlags) ? change.config.schedulerFlags : [];
    const owner = /^(sh|mh)-/.exec(String(flag))?.[1];
    const service: ServiceSettings = {
      scheduler: owner ?? 'wlc',
      schedulerFlags: [],
      persistence: { timeoutSeconds: 300, netmask: 32 },
      onePacket: false,
      persistenceEngine: undefined,
    };
    return { service };
  }
  const crosses = change.destination?.address?.includes?.(':') !== isIpv6(change.service);
  const destination: DestinationSettings = {
    forwarding: crosses || change.config?.tunnel !== undefined ? 'tun' : 'nat',
    weight: 1,
    upperThreshold: 0x7fffffff,
    lowerThreshold: 0,
    tunnel: undefined,
  };
  return { destination };
}

function isIpv6(service: ServiceKey): boolean {
  return service.firewallMark === undefined
    ? service.address.includes(':')
    : service.family === 'ipv6';
}
