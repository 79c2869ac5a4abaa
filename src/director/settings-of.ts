import type { ServiceSettings } from '../ipvs/service.ts';
import type { ComparedDestination } from '../ipvs/table-diff.ts';

// What a listing has are views, whose fields are read on demand and cannot be spread.

export function serviceSettingsOf(service: ServiceSettings): ServiceSettings {
  const { scheduler, schedulerFlags, persistence, onePacket, persistenceEngine } = service;
  return { scheduler, schedulerFlags, persistence, onePacket, persistenceEngine };
}

export function destinationSettingsOf(destination: ComparedDestination): ComparedDestination {
  const { key, forwarding, weight, upperThreshold, lowerThreshold, tunnel } = destination;
  return { key, forwarding, weight, upperThreshold, lowerThreshold, tunnel };
}
