import type { SingleCheck } from '../config/checks.ts';
import { formatEndpoint } from '../net/ip.ts';

/** A check in few words: `http 10.0.0.11:80/healthz`, `tcp 192.0.2.10:80 through the data path`. */
export function describeCheck({ probe, target }: SingleCheck): string {
  const through = target.path === 'data-path' ? ' through the data path' : '';
  const place = target.port === 0 ? target.address : formatEndpoint(target.address, target.port);
  switch (probe.kind) {
    case 'http':
      return `http${probe.tls === undefined ? '' : 's'} ${place}${probe.path}${through}`;
    case 'exec':
      return `exec ${probe.command[0]}`;
    case 'file':
      return `file ${probe.file}`;
    default:
      return `${probe.kind} ${place}${through}`;
  }
}
