import { destinationRecord, requestRecord, serviceRecord } from '../native/ipvs-records.ts';
import { type AddressFamily, familyOf, tryParseIpInto } from '../net/ip.ts';
import type { Change } from './change.ts';
import { type DestinationConfig, isPartialDestinationConfig, readTunnel } from './destination.ts';
import { destinationIdentity, type KnownService, type KnownTable } from './known-table.ts';
import { RecordView } from './record-view.ts';
import type { AddressServiceKey, Protocol, ServiceConfig, ServiceKey } from './service.ts';

type AddService = Extract<Change, { type: 'add-service' }>;
type DestinationChange = Extract<Change, { type: 'add-destination' | 'edit-destination' }>;

const serviceAddressAt = requestRecord.service + serviceRecord.address;
const destinationAddressAt = requestRecord.destination + destinationRecord.address;
const forwardingAt = requestRecord.destination + destinationRecord.forwarding;
const weightAt = requestRecord.destination + destinationRecord.weight;
const upperAt = requestRecord.destination + destinationRecord.upperThreshold;
const lowerAt = requestRecord.destination + destinationRecord.lowerThreshold;
const maxInt = 0x7fffffff;

/**
 * Writes changes that are like earlier ones: services that differ in the address alone, destinations
 * that differ in addresses and weight.
 *
 * Large tables are made of long runs of such changes, and most programs are over before the engine
 * has compiled the full way of `change.ts`. So that way is gone once, and its record copied for what
 * follows. Whatever is not certainly right and alike goes the full way again, which says what is
 * wrong with it.
 *
 * For the same reason fields are plain, since private names are slow until they are compiled, and
 * write() is one long function: short ones would be compiled once more inside each of their callers.
 */
export class ChangeRun {
  private readonly known: KnownTable | undefined;

  // The pattern of services that are added
  private readonly serviceRecord: Uint8Array = new Uint8Array(requestRecord.size);
  private serviceLike: AddressServiceKey | undefined;
  private serviceConfig: ServiceConfig | undefined;

  // The pattern of destinations that are added or edited, with the service and weight written last
  private readonly record: RecordView = new RecordView(new ArrayBuffer(requestRecord.size));
  /** Empty without a pattern: a string always, so that compiled code goes on to compare strings. */
  private type: DestinationChange['type'] | '' = '';
  private service: ServiceKey | undefined;
  private knownService: KnownService | undefined;
  /** Of the service, where others by address may take its place. */
  private serviceFamily: AddressFamily | undefined;
  private serviceAddress: string | undefined;
  private servicePort: number | undefined;
  private protocol: Protocol | undefined;
  private family: AddressFamily | undefined;
  private port: number | undefined;
  private config: DestinationConfig | undefined;
  private weight: number | undefined;
  /** Whether edits give nothing but the weight, and keep what is known of their destination. */
  private weightAlone = false;

  /** @param known What partial edits build upon; it is kept up with what is written. */
  constructor(known: KnownTable | undefined) {
    this.known = known;
  }

  /** Takes a change that has been written in full as the pattern for those that follow. */
  begin(view: RecordView, at: number, change: Change): void {
    if (change.type === 'add-service') {
      if (change.service.firewallMark !== undefined || this.known !== undefined) return;
      this.serviceRecord.set(view.u8.subarray(at, at + requestRecord.size));
      this.serviceLike = change.service;
      this.serviceConfig = change.config;
    } else if (change.type === 'add-destination' || change.type === 'edit-destination') {
      this.beginDestinations(view, at, change);
    }
  }

  private beginDestinations(view: RecordView, at: number, change: DestinationChange): void {
    const { type, service, destination, config } = change;
    const partial = type === 'edit-destination' && isPartialDestinationConfig(config);
    if (partial && (config.weight === undefined || Object.keys(config).length > 1)) return;
    // A tunnel is more than a weight's edit copies.
    if (partial && readTunnel(view, at + requestRecord.destination) !== undefined) return;
    this.record.u8.set(view.u8.subarray(at, at + requestRecord.size));
    this.type = type;
    this.service = service;
    this.knownService = this.known?.service(this.record, requestRecord.service);
    const address = service.firewallMark === undefined ? service : undefined;
    this.serviceFamily = address && familyOf(address.address);
    this.serviceAddress = address?.address;
    this.servicePort = address?.port;
    this.protocol = address?.protocol;
    this.family = familyOf(destination.address);
    this.port = destination.port;
    this.config = config;
    this.weight = config?.weight;
    this.weightAlone = partial;
  }

  /** Writes the record if the change is like an earlier one; else leaves it all zeros. */
  write(view: RecordView, at: number, change: Change): boolean {
    if (typeof change !== 'object' || change === null) return false;
    const { type, service } = change as AddService | DestinationChange;

    if (type === 'add-service') {
      const { serviceLike, serviceConfig } = this;
      const { config } = change as AddService;
      if (
        serviceLike === undefined ||
        typeof service !== 'object' ||
        service === null ||
        service.firewallMark !== undefined ||
        service.protocol !== serviceLike.protocol ||
        service.port !== serviceLike.port ||
        typeof service.address !== 'string'
      ) {
        return false;
      }
      if (config !== serviceConfig) {
        if (
          typeof config !== 'object' ||
          config === null ||
          serviceConfig === undefined ||
          config.scheduler !== serviceConfig.scheduler ||
          config.schedulerFlags !== serviceConfig.schedulerFlags ||
          config.persistence !== serviceConfig.persistence ||
          config.onePacket !== serviceConfig.onePacket ||
          config.persistenceEngine !== serviceConfig.persistenceEngine
        ) {
          return false;
        }
      }
      const family = tryParseIpInto(service.address, this.serviceRecord, serviceAddressAt);
      if (family !== familyOf(serviceLike.address)) {
        this.serviceLike = undefined;
        return false;
      }
      view.u8.set(this.serviceRecord, at);
      return true;
    }

    if (type !== this.type) return false;
    const { destination, config } = change as DestinationChange;
    const { record } = this;
    if (
      typeof destination !== 'object' ||
      destination === null ||
      destination.port !== this.port ||
      typeof destination.address !== 'string'
    ) {
      return false;
    }
    if (config !== this.config) {
      const like = this.config;
      if (
        typeof config !== 'object' ||
        config === null ||
        like === undefined ||
        config.forwarding !== like.forwarding ||
        config.upperThreshold !== like.upperThreshold ||
        config.lowerThreshold !== like.lowerThreshold ||
        config.tunnel !== like.tunnel
      ) {
        return false;
      }
      const { weight } = config;
      if (weight !== this.weight) {
        if (typeof weight !== 'number' || !(weight >= 0 && weight <= maxInt)) return false;
        if (weight !== Math.floor(weight)) return false;
        record.u32[weightAt >> 2] = weight;
        this.weight = weight;
      }
      this.config = config;
    }
    if (service !== this.service) {
      if (
        this.serviceFamily === undefined ||
        typeof service !== 'object' ||
        service === null ||
        service.firewallMark !== undefined ||
        service.protocol !== this.protocol ||
        service.port !== this.servicePort ||
        typeof service.address !== 'string'
      ) {
        return false;
      }
      if (service.address !== this.serviceAddress) {
        const family = tryParseIpInto(service.address, record.u8, serviceAddressAt);
        if (family !== this.serviceFamily) {
          this.type = '';
          return false;
        }
        this.serviceAddress = service.address;
        this.knownService = this.known?.service(record, requestRecord.service);
      }
      this.service = service;
    }
    if (tryParseIpInto(destination.address, record.u8, destinationAddressAt) !== this.family) {
      this.type = '';
      return false;
    }
    if (this.known !== undefined && !this.settle(view, at)) return false;
    view.u8.set(record.u8, at);
    return true;
  }

  /**
   * Completes an edit of the weight alone with what is known of its destination, and makes the
   * change, the record of which is going to be at `at`, what is known from then on. False when the
   * full way has to see to it.
   */
  private settle(view: RecordView, at: number): boolean {
    const { record, knownService } = this;
    if (knownService === undefined) return !this.weightAlone;
    const identity = destinationIdentity(record, requestRecord.destination);
    const place = knownService.destinations.get(identity);
    const here = at + requestRecord.destination;
    if (!this.weightAlone) {
      if ((place !== undefined) === (this.type === 'edit-destination')) {
        knownService.destinations.set(identity, { view, at: here });
      }
      return true;
    }
    if (place === undefined) return false;
    const upper = place.view.getU32(place.at + destinationRecord.upperThreshold);
    const lower = place.view.getU32(place.at + destinationRecord.lowerThreshold);
    const forwarding = place.view.getU32(place.at + destinationRecord.forwarding);
    if (forwarding !== record.getU32(forwardingAt) || lower > upper || upper > maxInt) return false;
    record.setU32(upperAt, upper);
    record.setU32(lowerAt, lower);
    place.view = view;
    place.at = here;
    return true;
  }
}
