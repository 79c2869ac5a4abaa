import { CheckFailure } from '../check-result.ts';

/** The states of `grpc.health.v1.HealthCheckResponse`, by their numbers. */
const servingStates = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type ServingState = (typeof servingStates)[number];

/** Field 1, of the wire type for bytes. */
const serviceTag = 0x0a;
const stateField = 1;

/** A message as gRPC sends it: not compressed, with its length. */
export function grpcFrame(message: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** `HealthCheckRequest { string service = 1; }` */
export function healthRequest(service: string): Uint8Array {
  const name = Buffer.from(service);
  if (name.length === 0) return name;
  return Buffer.concat([Buffer.from([serviceTag, ...varint(name.length)]), name]);
}

/** `HealthCheckResponse { ServingStatus status = 1; }`, framed. @throws CheckFailure */
export function readHealthResponse(frame: Buffer): ServingState {
  if (frame.length < 5) throw malformed('it is too short');
  if (frame[0] !== 0) throw malformed('it is compressed');
  const end = 5 + frame.readUInt32BE(1);
  if (end > frame.length) throw malformed('it is cut off');
  let state = 0;
  let at = 5;
  const next = (): number => {
    const [value, length] = readVarint(frame.subarray(at, end));
    at += length;
    return value;
  };
  while (at < end) {
    const tag = next();
    switch (tag % 8) {
      case 0: {
        const value = next();
        if (Math.floor(tag / 8) === stateField) state = value;
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const length = next();
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw malformed('it is no protobuf');
    }
  }
  if (at !== end) throw malformed('it is cut off');
  const name = servingStates[state];
  if (name === undefined) throw malformed(`its state is ${state}`);
  return name;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

/** At most ten bytes, as 64 bits have; of large numbers the last digits may be wrong. */
function readVarint(bytes: Buffer): [value: number, length: number] {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[index];
    if (byte === undefined) throw malformed('it is cut off');
    value += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return [value, index + 1];
  }
  throw malformed('it is no protobuf');
}

function malformed(why: string): CheckFailure {
  return new CheckFailure('L7RSP', `the gRPC answer cannot be read: ${why}`);
}
