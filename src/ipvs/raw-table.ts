import type { NativeNamespace } from '../native/addon.ts';
import type { IpvsSocket, NativeFailure, NativeTable } from '../native/ipvs.ts';
import { daemonRecord, serviceRecord } from '../native/ipvs-records.ts';
import { loadAddon } from '../native/load.ts';
import { type RawService, writeRawService } from './raw-request.ts';
import { RecordView } from './record-view.ts';
import { readSyncDaemon, type SyncDaemonState } from './sync-daemon.ts';
import type { Timeouts } from './timeouts.ts';

/**
 * The table of a namespace without the library's own opinions: nothing is checked, nothing explained,
 * no module loaded. What the kernel refuses comes back as its error number, from reading as a
 * `NativeError`. For programs that stand in for others; everybody else has `Ipvs`.
 */
export class RawTable {
  private readonly socket: IpvsSocket;

  private constructor(socket: IpvsSocket) {
    this.socket = socket;
  }

  static async open(netns: NativeNamespace | undefined): Promise<RawTable> {
    const socket = new (loadAddon().IpvsSocket)();
    await socket.open(netns);
    return new RawTable(socket);
  }

  /** Sends packed requests, in order; resolves to those that failed. */
  execute(requests: Uint8Array): Promise<readonly NativeFailure[]> {
    return this.socket.execute(requests);
  }

  async info(): Promise<{ readonly version: string; readonly connectionTableSize: number }> {
    const { version, connectionTableSize } = await this.socket.readInfo();
    const text = `${version >> 16}.${(version >> 8) & 0xff}.${version & 0xff}`;
    return { version: text, connectionTableSize };
  }

  /** The whole table as packed records. */
  read(statistics: boolean): Promise<NativeTable> {
    return this.socket.readTable({ statistics, destinations: true, consistent: false });
  }

  /** One service with its destinations likewise; none when there is none. */
  async readService(service: Readonly<RawService>, statistics: boolean): Promise<NativeTable> {
    const view = new RecordView(new ArrayBuffer(serviceRecord.size));
    writeRawService(view, 0, service);
    const options = { statistics, destinations: true, consistent: false };
    return await this.socket.readService(view.u8, options);
  }

  async syncDaemons(): Promise<readonly SyncDaemonState[]> {
    const view = new RecordView(await this.socket.readDaemons());
    const daemons: SyncDaemonState[] = [];
    for (let at = 0; at < view.u8.length; at += daemonRecord.size) {
      daemons.push(readSyncDaemon(view, at));
    }
    return daemons;
  }

  async timeouts(): Promise<Timeouts> {
    return await this.socket.readTimeouts();
  }

  close(): void {
    this.socket.close();
  }
}
