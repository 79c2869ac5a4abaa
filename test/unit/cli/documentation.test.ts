import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CommandContext, DescribedCommand } from '../../../src/cli/command-context.ts';
import { countDocument } from '../../../src/cli/commands/connections-count.ts';
import { listDocument } from '../../../src/cli/commands/list-document.ts';
import { listedFromKernel } from '../../../src/cli/commands/list-table.ts';
import { main } from '../../../src/cli/main.ts';
import { lvskitProgram } from '../../../src/cli/named-program.ts';
import { jsonLine } from '../../../src/cli/output/document.ts';
import { planDocument } from '../../../src/cli/output/plan-document.ts';
import { wholeProgram } from '../../../src/cli/program.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { ConnectionLineReader } from '../../../src/ipvs/connection-line.ts';
import { canonicalTable } from '../../../src/ipvs/table-definition.ts';
import { planChanges } from '../../../src/reconcile/plan.ts';
import { counted, destinationState, serviceState } from '../../support/table-states.ts';

const commands = readFileSync('docs/commands.md', 'utf8');
const operating = readFileSync('docs/director-commands.md', 'utf8');
const configuration = readFileSync('docs/configuration.md', 'utf8');

const context: CommandContext = {
  stdout: { write: () => true },
  stderr: { write: () => true },
  environment: {},
  signal: new AbortController().signal,
};

/** The blocks of code in a language. */
function blocks(page: string, language: string): readonly string[] {
  const code = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return Array.from(page.matchAll(code), (match) => match[1] ?? '');
}

function block(page: string, language: string): string {
  return blocks(page, language)[0] ?? '';
}

describe('the page on commands', () => {
  it('has every option of every command, or the page on those for a director does', async () => {
    const root = await wholeProgram(lvskitProgram, context, '0');
    const missing: string[] = [];
    const walk = ({ command, commands: inner }: DescribedCommand) => {
      for (const { long } of command.options) {
        const isNamed = new RegExp(`(?<![\\w-])${long}(?![\\w-])`).test(`${commands}${operating}`);
        if (!isNamed) missing.push(`${command.name()} ${long}`);
      }
      inner.forEach(walk);
    };
    // The lab has a page of its own.
    for (const one of root.commands) if (one.command.name() !== 'lab') walk(one);
    expect(missing).toEqual([]);
  });

  it('shows the document that changes are told with', () => {
    const key = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
    const before = canonicalTable([{ key, config: { scheduler: 'rr' } }]);
    const after = canonicalTable([
      {
        key,
        config: { persistence: { netmask: 24 } },
        destinations: [{ key: { address: '10.0.0.11' }, config: { weight: 2 } }],
      },
    ]);
    const document = planDocument(planChanges(before, after), true);
    expect(JSON.parse(JSON.stringify(document))).toEqual(JSON.parse(block(commands, 'json')));
  });
});

describe('the page on commands for a director', () => {
  it('has every event', () => {
    const types = ['src/observe/director-event.ts', 'src/health/health-event.ts'];
    const texts = types.map((file) => readFileSync(file, 'utf8')).join('\n');
    const names = Array.from(texts.matchAll(/event: ((?:'[a-z-]+'(?: \| )?)+)/g), ([, all = '']) =>
      all.split(' | '),
    ).flat();
    expect(names.length).toBeGreaterThan(20);
    const missing = names.filter((name) => !operating.includes(`\`${name.slice(1, -1)}\``));
    expect(missing).toEqual([]);
  });
});

describe('the page on commands, where it shows what is there,', () => {
  const [, list, connection, count] = blocks(commands, 'json').map((text) => JSON.parse(text));

  it('has the document of the table', () => {
    const key = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
    const none = { packetsOutPerSecond: 0, bytesOutPerSecond: 0 };
    const busy = {
      key,
      persistence: { timeoutSeconds: 300, netmask: 32 },
      statistics: counted(5093n, 81_720n, 0n, 6_291_456n, 0n, 12n, 190n, 0n, 14_680n, 0n),
      destinations: [
        destinationState(11, {
          weight: 2,
          activeConnections: 11,
          inactiveConnections: 2,
          persistentConnections: 4,
        }),
      ],
    };
    const rates = {
      key,
      rates: {
        connectionsPerSecond: 12.5,
        packetsInPerSecond: 198,
        bytesInPerSecond: 15_243.5,
        ...none,
      },
      destinations: [{ key: { address: '10.0.0.11', port: 80 }, rates: undefined }],
    };
    const table = listedFromKernel(
      new Date('2026-11-22T10:20:30Z'),
      [serviceState(10, busy)],
      [rates],
    );
    expect(JSON.parse(jsonLine(listDocument(table, true)))).toEqual(list);
  });

  it('has the documents of a connection and of counts', () => {
    const line = 'TCP C6336407 9C40 C000020A 0050 0A00000B 0050 ESTABLISHED     895\n';
    const reader = new ConnectionLineReader(false);
    const [read] = reader.read(Buffer.from(`Pro FromIP   FPrt\n${line}`));
    expect(JSON.parse(jsonLine({ version: 1, ...read }))).toEqual(connection);
    expect(
      countDocument('state', [
        { value: 'ESTABLISHED', connections: 5, templates: 0 },
        { value: 'NONE', connections: 0, templates: 2 },
      ]),
    ).toEqual(count);
  });
});

describe('the page on commands, where it says whether a file is right,', () => {
  it('has the document of it', async () => {
    const text =
      'services:\n  - listen: fwmark 7\n    scheduler: wcl\n    servers: [10.0.0.1, 10.0.0.2]\n    check: icmp\n';
    let stdout = '';
    const code = await main(['check', '-', '-o', 'json'], {
      ...context,
      stdin: Readable.from([Buffer.from(text)]),
      stdout: { write: (piece) => (stdout += piece) },
    });
    expect(code).toBe(0);
    const document = stdout.replaceAll('standard input', 'lvskit.yaml');
    expect(JSON.parse(document)).toEqual(JSON.parse(blocks(commands, 'json').at(-1) ?? ''));
  });
});

describe('the page on the configuration', () => {
  it('begins with one that is right', () => {
    const { services, warnings } = parseConfig(block(configuration, 'yaml'), 'lvskit.yaml');
    expect(services.map(({ name }) => name)).toEqual(['web', 'dns', 'fwmark 7']);
    expect(warnings).toEqual([]);
  });

  it('shows mistakes as they are told', () => {
    const text = [
      'services:',
      '  - name: web',
      '    listen: tcp 192.0.2.10:80',
      '    schedular: wlc',
      '    forwarding: masq',
      '  - listen: tcp 192.0.2.10:443',
      '    check: { type: http, timeout: 5s }',
      '    servers: [10.0.0.11:8443]',
    ].join('\n');
    expect(() => parseConfig(text, 'lvskit.yaml')).toThrow(
      expect.objectContaining({ message: block(configuration, 'text').trimEnd() }),
    );
  });

  it('has every key', () => {
    const keys = new Set<string>();
    const walk = (schema: unknown) => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [name, value] of Object.entries(schema)) {
        if (name === 'properties') for (const key of Object.keys(value as object)) keys.add(key);
        walk(value);
      }
    };
    walk(configJsonSchema());
    expect(keys.size).toBeGreaterThan(15);
    const undocumented = [...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(configuration));
    expect(undocumented).toEqual([]);
  });
});

describe('the schema for editors', () => {
  it('knows every key and no other, and agrees with what is checked', () => {
    const schema = configJsonSchema() as {
      readonly $schema: string;
      readonly required?: readonly string[];
      readonly additionalProperties: boolean;
      readonly properties: {
        readonly services: { readonly items: { readonly required: unknown } };
      };
    };
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    // It is enough to include them.
    expect(schema.required).toBeUndefined();
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties.services.items.required).toEqual(['listen']);
    expect(configSchema.safeParse({ services: [{ listen: 'fwmark 7' }] }).success).toBe(true);
    expect(configSchema.safeParse({ services: [{}] }).success).toBe(false);
  });
});
