// The same services for lvskit and for keepalived.

const dotted = (number) =>
  `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;

// Where bench/floor has its tables, so that it can make and verify them.
const port = 80;
export const serviceOf = (number) => `${dotted(0x0a640000 + number)}:${port}`;
export const serverOf = (number) => dotted(0xac100000 + number);

// Seconds, as keepalived has nothing finer for some of them.
const pace = { interval: 1, timeout: 1 };

/**
 * @param table `services`, `servers` of each, `check` (none, tcp or http), `fall` failures in a row
 * that take a server out, and the `weight` of the first of all servers.
 */
function lvskit({ services, servers, check, fall, weight }, directory) {
  const lines = [
    `director: { state-directory: ${directory} }`,
    `control: { socket: ${directory}/control.sock }`,
    'defaults: { scheduler: wlc, forwarding: dr }',
    'services:',
  ];
  const { interval, timeout } = pace;
  const when = `interval: ${interval}s, fast-interval: ${interval}s, timeout: ${timeout}s`;
  for (let service = 0; service < services; service++) {
    lines.push(`  - listen: tcp ${serviceOf(service)}`);
    if (check !== 'none') {
      lines.push(`    check: { type: ${check}, via: direct, ${when}, rise: 1, fall: ${fall} }`);
    }
    lines.push('    servers:');
    for (let number = service * servers; number < (service + 1) * servers; number++) {
      const own =
        number === 0 ? `{ address: ${serverOf(0)}, weight: ${weight} }` : serverOf(number);
      lines.push(`      - ${own}`);
    }
  }
  return lines;
}

function keepalived({ services, servers, check, fall, weight }) {
  const { interval, timeout } = pace;
  const retry = [`connect_timeout ${timeout}`, `retry ${fall - 1}`, 'delay_before_retry 1'];
  const checks = {
    none: [],
    tcp: ['TCP_CHECK {', ...retry, '}'],
    http: ['HTTP_GET {', 'url {', 'path /', 'status_code 200', '}', ...retry, '}'],
  };
  const lines = ['global_defs {', 'router_id bench', '}'];
  for (let service = 0; service < services; service++) {
    lines.push(`virtual_server ${serviceOf(service).replace(':', ' ')} {`);
    lines.push(`delay_loop ${interval}`, 'lb_algo wlc', 'lb_kind DR', 'protocol TCP');
    for (let number = service * servers; number < (service + 1) * servers; number++) {
      lines.push(`real_server ${serverOf(number)} ${port} {`);
      lines.push(`weight ${number === 0 ? weight : 1}`, 'inhibit_on_failure');
      lines.push(...checks[check], '}');
    }
    lines.push('}');
  }
  return lines;
}

/** The configuration of a contestant, as text. */
export function configurationOf(contestant, table, directory) {
  const lines = contestant === 'lvskit' ? lvskit(table, directory) : keepalived(table);
  return `${lines.join('\n')}\n`;
}
