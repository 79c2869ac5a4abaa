import { describe, expect, it } from 'vitest';
import type { Command, NameLookup, Refusal } from '../../../../src/formats/ipvsadm/command.ts';
import { type ParseOptions, parse } from '../../../../src/formats/ipvsadm/parse.ts';
import type { RawRequest } from '../../../../src/ipvs/raw-request.ts';

const ports: Readonly<Record<string, number>> = {
  'http tcp': 80,
  'domain udp': 53,
  'sip sctp': 5060,
};
const names: NameLookup = {
  hostAddress: (name) => (name === 'www' ? 0x0a000001 : undefined),
  servicePort: (name, protocol) => ports[`${name} ${protocol}`],
};

function run(line: string, options: Partial<ParseOptions> = {}): Command | Refusal {
  const words = line.split(' ').filter((word) => word !== '');
  return parse(words, { program: 'ipvsadm', names, ...options });
}

function request(line: string): RawRequest {
  const command = run(line);
  if (command.type !== 'change') throw new Error(`${line}: ${JSON.stringify(command)}`);
  return command.request;
}

/** What is written to standard error, and the exit code. */
function refusal(line: string, options: Partial<ParseOptions> = {}): string {
  const command = run(line, options);
  if (command.type !== 'refusal') throw new Error(`${line} is a ${command.type}`);
  return `${command.exitCode} ${command.stderr}`;
}

function serviceOf(line: string) {
  const found = request(line);
  if (!('service' in found) || found.service === undefined) throw new Error(`${line}: no service`);
  return found.service;
}

function destinationOf(line: string) {
  const found = request(line);
  if (!('destination' in found)) throw new Error(`${line}: no destination`);
  return found.destination;
}

const hint = "255 Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n";
const ipv4 = (...bytes: number[]) => Uint8Array.of(...bytes, ...new Array(12).fill(0));

describe('the command', () => {
  it.each([
    ['-A -t 1.2.3.4:80', 'add-service'],
    ['--add-service -t 1.2.3.4:80', 'add-service'],
    ['-E -t 1.2.3.4:80', 'edit-service'],
    ['-D -t 1.2.3.4:80', 'remove-service'],
    ['-a -t 1.2.3.4:80 -r 1.1.1.1', 'add-destination'],
    ['-e -t 1.2.3.4:80 -r 1.1.1.1', 'edit-destination'],
    ['-d -t 1.2.3.4:80 -r 1.1.1.1', 'remove-destination'],
    ['-C', 'flush'],
    ['--clear', 'flush'],
    ['-Z', 'zero'],
    ['--set 1 2 3', 'set-timeouts'],
    ['--start-daemon master', 'start-sync-daemon'],
    ['--stop-daemon=backup', 'stop-sync-daemon'],
  ])('%s is to %s', (line, type) => {
    expect(request(line).type).toBe(type);
  });

  it.each(['-R', '-h', '-v', '-S', '-L', '-l', '-h -x', '-v foo'])(
    '%s is none of change',
    (line) => {
      const types = { R: 'restore', h: 'help', v: 'version', S: 'save', L: 'list', l: 'list' };
      expect(run(line).type).toBe(types[line.charAt(1) as keyof typeof types]);
    },
  );

  it.each(['', 'foo', '-n -L', '-nL', '-x', '--', '-- -L', '-', '-t 1.2.3.4:80 -A', '-6', '-L=n'])(
    '"%s" has none where it has to be, so help is offered',
    (line) => {
      expect(refusal(line)).toBe(hint);
    },
  );

  it('may stand behind words that are no options', () => {
    expect(refusal('foo -L')).toBe('2 unexpected argument foo\n');
  });

  it.each([
    ['-A -D', '-D'],
    ['-AL', '-AL'],
    ['-L -h', '-h'],
    ['-L --version', '--version'],
    ['-A --start-daemon master', 'master'],
  ])('of %s is one too many', (line, word) => {
    expect(refusal(line)).toBe(`2 invalid option \`${word}'\n`);
  });

  it('restore is refused in a restore, where other faults of options let that go on', () => {
    expect(refusal('-R', { restoring: true })).toBe(hint);
    expect(run('-A -q')).toEqual({
      type: 'refusal',
      exitCode: 255,
      stderr: '-q: unknown option\n',
      ends: false,
    });
    expect(run('-A')).toMatchObject({ exitCode: 2, ends: true });
  });

  it('names the program in the hint', () => {
    expect(refusal('', { program: '/sbin/x' })).toContain("`/sbin/x -h' or '/sbin/x --help'");
  });
});

describe('a service', () => {
  it('is its protocol, address and port, with the default scheduler', () => {
    expect(serviceOf('-A -t 1.2.3.4:80')).toEqual({
      family: 2,
      protocol: 6,
      address: ipv4(1, 2, 3, 4),
      port: 80,
      firewallMark: 0,
      scheduler: 'wlc',
      engine: '',
      flags: 0,
      timeoutSeconds: 0,
      netmask: 0xffffffff,
    });
  });

  it.each([
    ['-t www:http', 6, 0x0a, 80],
    ['-u www:domain', 17, 0x0a, 53],
    ['--sctp-service 1.2.3.4:sip', 132, 1, 5060],
    ['-t 0x01020304:0080', 6, 1, 80],
  ])('may be given by names: %s', (words, protocol, first, port) => {
    const service = serviceOf(`-D ${words}`);
    expect([service.protocol, service.address[0], service.port]).toEqual([protocol, first, port]);
  });

  it.each(['[2001:db8::1]:80', '2001:db8::1'])('may be IPv6: %s', (text) => {
    const { family, address, netmask } = serviceOf(`-A -t ${text} -p`);
    expect([family, address[0], address[15], netmask]).toEqual([10, 0x20, 1, 128]);
  });

  it.each([
    '123',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:domain',
    'nobody:80',
    ':80',
    '[2001:db8::1]',
    '[2001:db8::1]80',
    '[2001:db8::1]:',
    '[2001:db8::1',
    '[2001:db8::1%lo]:80',
  ])('is not %s', (text) => {
    expect(refusal(`-A -t ${text}`)).toBe('2 illegal virtual server address[:port] specified\n');
  });

  it('loses the port of an IPv4 address in brackets', () => {
    expect(serviceOf('-D -t [1.2.3.4]:80').port).toBe(0);
  });

  it('may be a firewall mark, of IPv6 too', () => {
    expect(serviceOf('-A -f 7')).toMatchObject({
      family: 2,
      firewallMark: 7,
      protocol: 6,
      port: 0,
    });
    expect(serviceOf('-A -f 4294967295 -6')).toMatchObject({
      family: 10,
      firewallMark: 4294967295,
      netmask: 128,
    });
    expect(refusal('-A -6 -f 7')).toBe('2 -6 used before -f\n\n');
    for (const text of ['0', '-1', '0x10', '4294967296', 'x']) {
      expect(refusal(`-A -f ${text}`)).toBe(`2 invalid fwmark value \`${text}' specified\n`);
    }
  });

  it('needs persistence without a port, and one-packet scheduling needs UDP', () => {
    const zero = '2 Zero port specified for non-persistent service\n';
    expect(refusal('-A -t 1.2.3.4')).toBe(zero);
    expect(refusal('-E -t 1.2.3.4:0 -o')).toBe(zero);
    expect(serviceOf('-A -t 1.2.3.4 -p').flags).toBe(1);
    expect(serviceOf('-A -u 1.2.3.4:53 -o').flags).toBe(4);
    expect(serviceOf('-A -f 7 -o').flags).toBe(4);
    expect(refusal('-A -t 1.2.3.4:80 -o')).toBe(
      '2 One-Packet Scheduling is only for UDP virtual services\n',
    );
  });

  it('is persistent for as long as is said, or for six minutes', () => {
    const seconds = (line: string) => serviceOf(`-A -t 1.2.3.4:80 ${line}`).timeoutSeconds;
    expect(seconds('-p')).toBe(360);
    expect(seconds('-p -s rr')).toBe(360);
    expect(seconds('-p 2678400')).toBe(2678400);
    expect(seconds('-p7')).toBe(7);
    expect(refusal('-A -t 1.2.3.4:80 -p 2678401')).toBe(
      "2 invalid timeout value `2678401' specified\n",
    );
    expect(refusal('-A -t 1.2.3.4:80 --persistent=')).toBe(
      "2 invalid timeout value `' specified\n",
    );
  });

  it('has a netmask of the family that it is known to be of by then', () => {
    const mask = (line: string) => serviceOf(`-A ${line} -p`).netmask;
    expect(mask('-t 1.2.3.4:80 -M 255.255.255.0')).toBe(0xffffff00);
    expect(mask('-M 255.0.255.0 -t 1.2.3.4:80')).toBe(0xff00ff00);
    expect(mask('-t 1.2.3.4:80 -M 24')).toBe(24);
    expect(mask('-t 1.2.3.4:80 -M www')).toBe(0x0a000001);
    expect(mask('-t [::1]:80 -M 64')).toBe(64);
    expect(mask('-M 64 -t [::1]:80')).toBe(128);
    expect(refusal('-A -t [::1]:80 -M 129')).toBe('2 illegal ipv6 netmask specified\n');
    expect(refusal('-A -t 1.2.3.4:80 -M nobody')).toBe(
      '2 illegal virtual server persistent mask specified\n',
    );
  });

  it('has scheduler and engine in the bytes there are for them', () => {
    const long = 'x'.repeat(40);
    expect(serviceOf(`-A -f 7 -s ${long} --pe ${long}`)).toMatchObject({
      scheduler: 'x'.repeat(15),
      engine: 'x'.repeat(16),
    });
    expect(parse(['-A', '-f', '7', '-s', ''], { program: 'x', names })).toMatchObject({
      request: { service: { scheduler: 'wlc' } },
    });
  });

  it('has scheduler flags that its scheduler knows', () => {
    const flags = (words: string) => serviceOf(`-A -f 7 ${words}`).flags;
    expect(flags('-b flag-1,flag-3')).toBe(0x28);
    expect(flags('-b ,,flag-2,')).toBe(0x10);
    expect(flags('-b sh-port,sh-fallback -s sh')).toBe(0x18);
    expect(flags('-s mh -b mh-port')).toBe(0x10);
    expect(refusal('-A -f 7 -b sh-port')).toBe("2 incompatible scheduler flag `sh-port'\n");
    expect(refusal('-A -f 7 -s sh -b mh-port')).toBe("2 incompatible scheduler flag `mh-port'\n");
    expect(refusal('-A -f 7 -b flag-1,x')).toBe("2 invalid scheduler flag `x'\n");
    expect(refusal('-A -f 7 -b ,')).toBe("2 invalid scheduler flag `,'\n");
    expect(refusal('-A -f 7 -b constructor')).toBe("2 invalid scheduler flag `constructor'\n");
    expect(refusal(`-A -f 7 -b ${'flag-1,'.repeat(18)}flag-1`)).toBe(
      "2 invalid scheduler flag `f'\n",
    );
  });

  it('of nothing but zeros means all to zero', () => {
    const zeroed = (line: string) => (request(line) as { service?: unknown }).service !== undefined;
    expect(zeroed('-Z')).toBe(false);
    expect(zeroed('-Z -t 0.0.0.0:0')).toBe(false);
    expect(zeroed('-Z -t ::')).toBe(false);
    expect(zeroed('-Z -t 0.0.0.0:1')).toBe(true);
    expect(zeroed('-Z -f 1')).toBe(true);
  });
});

describe('a destination', () => {
  it('is routed to with weight 1, at the port of its service, unless told otherwise', () => {
    expect(destinationOf('-a -t 1.2.3.4:80 -r 5.6.7.8')).toEqual({
      family: 2,
      address: ipv4(5, 6, 7, 8),
      port: 80,
      forwarding: 3,
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
      tunnelType: 0,
      tunnelPort: 0,
      tunnelFlags: 0,
    });
  });

  it.each([
    ['-t 1.2.3.4:80 -r 5.6.7.8:90', 80],
    ['-t 1.2.3.4:80 -r 5.6.7.8:90 -i', 80],
    ['-t 1.2.3.4:80 -r 5.6.7.8:90 -m', 90],
    ['-t 1.2.3.4:80 -r 5.6.7.8:http -m', 80],
    ['-t 1.2.3.4:80 -r 5.6.7.8 -m', 80],
    ['-m -r 5.6.7.8 -t 1.2.3.4:80', 0],
    ['-f 7 -r 5.6.7.8:90', 90],
    ['-f 7 -r 5.6.7.8', 0],
  ])('of %s has port %d', (words, port) => {
    expect(destinationOf(`-a ${words}`).port).toBe(port);
  });

  it('may be looked up by name only behind its service, which says the protocol', () => {
    expect(refusal('-a -r 5.6.7.8:http -t 1.2.3.4:80')).toBe(
      '2 illegal real server address[:port] specified\n',
    );
  });

  it('may be of the other family when it is tunnelled to', () => {
    expect(refusal('-a -t 1.2.3.4:80 -r ::1')).toBe(
      '2 Different address family is allowed only for tunneling servers\n',
    );
    expect(destinationOf('-a -t 1.2.3.4:80 -r ::1 -i')).toMatchObject({ family: 10, port: 80 });
    expect(request('-d -t 1.2.3.4:80 -r ::1').type).toBe('remove-destination');
  });

  it('has numbers in their ranges', () => {
    const server = '-a -t 1.2.3.4:80 -r 5.6.7.8';
    expect(destinationOf(`${server} -w 2147483647 -x 5 -y 3`)).toMatchObject({
      weight: 2147483647,
      upperThreshold: 5,
      lowerThreshold: 3,
    });
    expect(refusal(`${server} -w 2147483648`)).toBe('2 illegal weight specified\n');
    expect(refusal(`${server} -w -1`)).toBe('2 illegal weight specified\n');
    expect(refusal(`${server} -x -1`)).toBe('2 illegal u_threshold specified\n');
    expect(refusal(`${server} -y x`)).toBe('2 illegal l_threshold specified\n');
  });

  it('has the options of the tunnel it is reached through', () => {
    const tunnel = (words: string) => `-a -t 1.2.3.4:80 -r 5.6.7.8 ${words}`;
    expect(destinationOf(tunnel('-i --tun-type gue --tun-port 6080 --tun-remcsum'))).toMatchObject({
      tunnelType: 1,
      tunnelPort: 6080,
      tunnelFlags: 2,
    });
    expect(destinationOf(tunnel('-i --tun-type gre --tun-csum'))).toMatchObject({
      tunnelType: 2,
      tunnelFlags: 1,
    });
    expect(refusal(tunnel('--tun-type ipip'))).toBe(
      '2 Tunnel options conflict with forward method\n',
    );
    expect(refusal(tunnel('-i --tun-type gue'))).toBe(
      "2 You need to supply the 'tun-port' option for the 'gue' tunnel type\n",
    );
    expect(refusal(tunnel('-i --tun-csum'))).toBe(
      "2 Illegal 'tun-csum' option with the 'ipip' tunnel type\n",
    );
    expect(refusal(tunnel('-i --tun-type gre --tun-csum --tun-nocsum'))).toBe(
      "2 The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gre' tunnel type\n",
    );
    expect(refusal(tunnel('-i --tun-type x'))).toBe('2 illegal tunnel type specified\n');
    expect(refusal(tunnel('-i --tun-port 0'))).toBe('2 illegal tunnel port specified\n');
  });
});

describe('a sync daemon', () => {
  const daemonOf = (line: string) => (request(line) as { daemon: unknown }).daemon;

  it('has what it is told, on eth0 unless told otherwise', () => {
    expect(daemonOf('--start-daemon backup')).toEqual({
      state: 2,
      interface: 'eth0',
      syncId: 0,
      maxLength: 0,
      port: 0,
      ttl: 0,
      group: undefined,
    });
    const all =
      '--syncid 9 --mcast-interface averyveryverylongname --mcast-group ff02::9 --mcast-port 9000 --mcast-ttl 4 --sync-maxlen 1400';
    expect(daemonOf(`--start-daemon master ${all}`)).toEqual({
      state: 1,
      interface: 'averyveryverylo',
      syncId: 9,
      maxLength: 1400,
      port: 9000,
      ttl: 4,
      group: {
        family: 10,
        address: Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9),
      },
    });
  });

  it.each([
    ['--start-daemon x', 'illegal start-daemon parameter specified'],
    ['--stop-daemon toString', 'illegal start_daemon specified'],
    ['--start-daemon master --syncid 256', 'illegal syncid specified'],
    ['--start-daemon master --mcast-port 0', 'illegal mcast-port specified'],
    ['--start-daemon master --mcast-ttl 256', 'illegal mcast-ttl specified'],
    ['--start-daemon master --sync-maxlen 65508', 'illegal sync-maxlen specified'],
    ['--start-daemon master --mcast-group 1.2.3.4', "invalid IPv4 mcast-group `1.2.3.4'"],
    ['--start-daemon master --mcast-group 0xe0000051', "invalid IPv4 mcast-group `0xe0000051'"],
    ['--start-daemon master --mcast-group ::1', "invalid IPv6 mcast-group `::1'"],
  ])('of %s is refused', (line, message) => {
    expect(refusal(line)).toBe(`2 ${message}\n`);
  });
});

describe('timeouts', () => {
  it('are three numbers from 0 to 31 days', () => {
    expect(request('--set 0 2678400 3')).toMatchObject({
      timeouts: { tcp: 0, tcpFin: 2678400, udp: 3 },
    });
    expect(refusal('--set 1 2')).toBe('2 --set option requires 3 timeout values\n');
    expect(refusal('--set 1 2 3 4')).toBe('2 unexpected argument 4\n');
    expect(refusal('--set 1 x 3')).toBe("2 invalid timeout value `x' specified\n");
    expect(refusal('--set 1 2 -1')).toBe('255 -1: unknown option\n');
  });
});

describe('a listing', () => {
  it('is of what is asked for', () => {
    expect(run('-L')).toMatchObject({ what: 'table', numeric: false, sort: true });
    expect(run('-Ln --nosort --stats --exact')).toMatchObject({
      numeric: true,
      sort: false,
      layout: { statistics: true, exact: true, rates: false },
    });
    expect(run('-Lc --persistent-conn')).toMatchObject({
      what: 'connections',
      layout: { persistentConnections: true },
    });
    expect(run('-L -f 7')).toMatchObject({ what: 'service', service: { firewallMark: 7 } });
    expect(run('-L --timeout')).toMatchObject({ what: 'timeouts' });
    expect(run('-L --daemon --syncid 3 --sort --sort')).toMatchObject({ what: 'daemons' });
  });

  it.each([
    ['-L --timeout --stats', 'options conflicts in the list command'],
    ['-Lc --rate', 'options conflicts in the list command'],
    ['-L --daemon --persistent-conn', 'options conflicts in the list command'],
    [
      '-L -t 1.2.3.4:80 -c',
      "The option 'service-address' conflicts with the 'connection' option in the 'list' command",
    ],
    [
      '-L --daemon --timeout',
      "The option 'daemon' conflicts with the 'timeout' option in the 'list' command",
    ],
    ['-L -n -n', "multiple 'numeric' options specified"],
    ['-list', "Illegal 'scheduler' option with the 'list' command"],
  ])('of %s is refused', (line, message) => {
    expect(refusal(line)).toBe(`2 ${message}\n`);
  });
});

describe('options that a command does not take', () => {
  it.each([
    ['-A', "You need to supply the 'service-address' option for the 'add-service' command"],
    [
      '-a -r 1.1.1.1',
      "You need to supply the 'service-address' option for the 'add-server' command",
    ],
    [
      '-a -t 1.2.3.4:80',
      "You need to supply the 'real-server' option for the 'add-server' command",
    ],
    ['-A -n', "Illegal 'numeric' option with the 'add-service' command"],
    ['-C -n', "Illegal 'numeric' option with the 'flush' command"],
    ['-D -t 1.2.3.4:80 -s rr', "Illegal 'scheduler' option with the 'delete-service' command"],
    ['-S -c', "Illegal 'connection' option with the 'save' command"],
    ['-R -n', "Illegal 'numeric' option with the 'restore' command"],
    ['--set 1 2 3 -n', "Illegal 'numeric' option with the 'set' command"],
    [
      '--stop-daemon master --mcast-ttl 3',
      "Illegal 'mcast-ttl' option with the 'stop-daemon' command",
    ],
    ['-A -t 1.2.3.4:80 -u 1.2.3.4:80', "multiple 'service-address' options specified"],
    ['-a -t 1.2.3.4:80 -r 1.1.1.1 -g -m', "multiple 'forwarding-method' options specified"],
  ])('are complained about: %s', (line, message) => {
    expect(refusal(line)).toBe(`2 ${message}\n`);
  });
});
