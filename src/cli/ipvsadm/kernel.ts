import { errnoNumber } from '../../errors.ts';
import { kernelErrorText } from '../../formats/ipvsadm/kernel-errors.ts';
import { type RawRequest, writeRawRequest } from '../../ipvs/raw-request.ts';
import { RawTable } from '../../ipvs/raw-table.ts';
import { RecordView } from '../../ipvs/record-view.ts';
import { isNativeError } from '../../native/addon.ts';
import type { NativeFailure } from '../../native/ipvs.ts';
import { command, daemonRecord, requestRecord } from '../../native/ipvs-records.ts';
import { loadAddon } from '../../native/load.ts';
import type { IpvsadmContext } from './context.ts';

/** The kernel's table, and its version as it was when the program began. */
export interface Kernel {
  readonly table: RawTable;
  readonly info: { readonly version: string; readonly connectionTableSize: number };
}

/**
 * Opens the table as ipvsadm does, loading the module when that fails.
 *
 * @returns The words of ipvsadm when it cannot be had.
 */
export async function openKernel({ netns }: IpvsadmContext): Promise<Kernel | string> {
  try {
    return await open(netns);
  } catch (first) {
    let failure = first;
    if (loadModule()) {
      try {
        return await open(netns);
      } catch (second) {
        failure = second;
      }
    }
    const reason = errorText(0, openingErrno(failure));
    return `Can't initialize ipvs: ${reason}\nAre you sure that IP Virtual Server is built in the kernel or as module?\n`;
  }
}

async function open(netns: string | number | undefined): Promise<Kernel> {
  const table = await RawTable.open(netns);
  try {
    return { table, info: await table.info() };
  } catch (error) {
    table.close();
    throw error;
  }
}

function loadModule(): boolean {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  return spawnSync('/sbin/modprobe', ['--', 'ip_vs'], { stdio: 'inherit' }).status === 0;
}

/**
 * Without the netlink family ipvsadm turns to the older interface, which such a kernel does not have
 * either, and whose socket only root may open.
 */
function openingErrno(failure: unknown): number {
  const errno = errnoOf(failure);
  if (errno !== errnoNumber('ENOENT')) return errno;
  return errnoNumber(process.geteuid?.() === 0 ? 'ENOPROTOOPT' : 'EPERM');
}

/** The error number of a refusal by the kernel. @throws What is none. */
export function errnoOf(failure: unknown): number {
  if (!isNativeError(failure)) throw failure;
  return failure.errno;
}

/** What ipvsadm says when the kernel refuses a command, by its number. */
export function errorText(number: number, errno: number): string {
  return kernelErrorText(number, errno) ?? loadAddon().errorText(errno);
}

/** One request in a buffer of its own. */
export function packed(request: RawRequest): RecordView {
  const view = new RecordView(new ArrayBuffer(requestRecord.size));
  writeRawRequest(view, 0, request);
  return view;
}

/**
 * Sends the first `count` requests of a buffer.
 *
 * @returns What ipvsadm says of each that is refused, a line each, and whether the last one was.
 */
export async function execute(
  table: RawTable,
  requests: RecordView,
  count: number,
): Promise<{ readonly complaints: string; readonly lastFailed: boolean }> {
  let complaints = '';
  let lastFailed = false;
  const failures = await table
    .execute(requests.u8.subarray(0, count * requestRecord.size))
    .catch((error) => allFailed(errnoOf(error), count));
  for (const failure of failures) {
    const at = failure.index * requestRecord.size;
    if (await isDoneAfterAll(table, requests, at, failure)) continue;
    const number = requests.getU32(at + requestRecord.command);
    const errno = failure.errno < 0 ? errnoNumber('EINTR') : failure.errno;
    complaints += `${errorText(number, errno)}\n`;
    lastFailed = failure.index === count - 1;
  }
  return { complaints, lastFailed };
}

/** What ipvsadm, which asks for each request anew, finds when the kernel cannot be spoken to. */
function allFailed(errno: number, count: number): NativeFailure[] {
  return Array.from({ length: count }, (_, index) => ({ index, errno, kernelMessage: '' }));
}

/** A daemon that is stopped before its thread ever ran is stopped, but no answer is sent. */
async function isDoneAfterAll(
  table: RawTable,
  requests: RecordView,
  at: number,
  failure: NativeFailure,
): Promise<boolean> {
  const number = requests.getU32(at + requestRecord.command);
  if (failure.errno >= 0 || number !== command.delDaemon) return false;
  const stopped = requests.getU32(at + requestRecord.daemon + daemonRecord.state);
  const role = stopped === 1 ? 'master' : 'backup';
  return !(await table.syncDaemons()).some((daemon) => daemon.role === role);
}
