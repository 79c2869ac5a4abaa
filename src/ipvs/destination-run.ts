import { AF_INET, AF_INET6, destinationRecord, requestRecord } from '../native/ipvs-records.ts';
import { parseIpInto } from '../net/ip.ts';
import type { Change } from './change.ts';
import type { DestinationConfig } from './destination.ts';
import type { RecordView } from './record-view.ts';
import type { ServiceKey } from './service.ts';

const addressAt = requestRecord.destination + destinationRecord.address;
const familyAt = requestRecord.destination + destinationRecord.family;

/**
 * Writes a change that differs from the one before it in nothing but the destination's address.
 *
 * Large tables are made of long runs of such changes. Their records are copied from the first,
 * which was checked in full, and only the address is read anew: a load of thousands of destinations
 * is over before the engine has compiled the full way.
 */
export class DestinationRun {
  #type: Change['type'] | undefined;
  #service: ServiceKey | undefined;
  #port: number | undefined;
  #config: DestinationConfig | undefined;
  #family = 0;
  readonly #record: Uint8Array = new Uint8Array(requestRecord.size);

  /** Takes a change whose record has been written as the pattern for those that follow. */
  begin(view: RecordView, at: number, change: Change): void {
    if (change.type !== 'add-destination' && change.type !== 'edit-destination') return;
    this.#type = change.type;
    this.#service = change.service;
    this.#port = change.destination.port;
    this.#config = change.config;
    this.#family = view.getU16(at + familyAt);
    this.#record.set(view.u8.subarray(at, at + requestRecord.size));
    this.#record.fill(0, addressAt, addressAt + 16);
  }

  /**
   * Writes the record if the change belongs to the run; else leaves it all zeros and returns false.
   *
   * @throws RangeError, TypeError when the address is none.
   */
  write(view: RecordView, at: number, change: Change): boolean {
    if (change?.type !== this.#type || this.#type === undefined) return false;
    const { service, destination, config } = change as Extract<
      Change,
      { type: 'add-destination' | 'edit-destination' }
    >;
    if (service !== this.#service || typeof destination !== 'object' || destination === null) {
      return false;
    }
    if (destination.port !== this.#port || !sameConfig(config, this.#config)) return false;
    view.u8.set(this.#record, at);
    const family = parseIpInto(destination.address, view.u8, at + addressAt, 'destination address');
    if ((family === 'ipv6' ? AF_INET6 : AF_INET) === this.#family) return true;
    view.u8.fill(0, at, at + requestRecord.size);
    return false;
  }
}

function sameConfig(
  one: DestinationConfig | undefined,
  other: DestinationConfig | undefined,
): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || one === null || other === undefined) return false;
  return (
    one.forwarding === other.forwarding &&
    one.weight === other.weight &&
    one.upperThreshold === other.upperThreshold &&
    one.lowerThreshold === other.lowerThreshold &&
    one.tunnel === other.tunnel
  );
}
