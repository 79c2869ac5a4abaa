import type { KnownScheduler } from '../ipvs/scheduler.ts';
import { formatEndpoint } from '../net/ip.ts';
import type { Lab } from './lab.ts';

export interface LabDirectorOptions {
  readonly scheduler: KnownScheduler;
  /** One for each real server. */
  readonly weights: readonly number[];
  readonly port: number;
  /** Where the director keeps what it knows, and is asked. */
  readonly folder: string;
}

/** The `lvskit.yaml` of a director that balances a port of the VIP over all real servers of a lab. */
export function labDirectorConfig(lab: Lab, options: LabDirectorOptions): string {
  const { scheduler, weights, port, folder } = options;
  const servers = lab.realServers.map(
    ({ address }, index) => `      - { address: ${yamlText(address)}, weight: ${weights[index]} }`,
  );
  return [
    'services:',
    '  - name: web',
    `    listen: tcp ${formatEndpoint(lab.vip, port)}`,
    `    scheduler: ${scheduler}`,
    `    forwarding: ${lab.forwarding}`,
    '    check: { type: http, interval: 1s, timeout: 1s, fall: 2, rise: 1 }',
    '    servers:',
    ...servers,
    `director: { state-directory: ${JSON.stringify(`${folder}/state`)} }`,
    `control: { socket: ${JSON.stringify(`${folder}/control.sock`)} }`,
    '',
  ].join('\n');
}

/** IPv6 addresses have what YAML takes for its own. */
function yamlText(text: string): string {
  return text.includes(':') ? `'${text}'` : text;
}
