import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { refusalStatus } from '../../../src/control/documents.ts';
import { type Operated, routes } from '../../../src/control/routes.ts';
import { AvailabilityReckoner } from '../../../src/observe/availability.ts';
import { toJson } from '../../../src/observe/json.ts';
import { FakeDirector } from '../../support/fake-director.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
}

interface Operation {
  readonly parameters?: readonly { readonly name?: string; readonly $ref?: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

const description = parse(readFileSync('packaging/control-api.yaml', 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, { readonly name: string }>>;
    readonly responses: Readonly<Record<string, { readonly description: string }>>;
  };
};

const { paths, components } = description;
const nameIn = (reference: string) => reference.split('/').at(-1) ?? '';
const schemaOf = (name: string): Schema => components.schemas[name] ?? {};

/** The fields of a document that its schema does not have, or whose values it does not allow. */
function unknownIn(value: unknown, schema: Schema | undefined, at = ''): string[] {
  if (schema?.$ref !== undefined) return unknownIn(value, schemaOf(nameIn(schema.$ref)), at);
  if (schema?.enum !== undefined && !schema.enum.includes(value)) return [`${at}: ${value}`];
  if (Array.isArray(value)) return value.flatMap((one) => unknownIn(one, schema?.items, `${at}[]`));
  if (typeof value !== 'object' || value === null) {
    const type = schema?.type ?? typeof value;
    const isSame = typeof value === (type === 'integer' ? 'number' : type);
    return isSame ? [] : [`${at} is no ${type}`];
  }
  const missing = (schema?.required ?? []).filter((key) => !(key in value));
  return [
    ...missing.map((key) => `${at}.${key} is missing`),
    ...Object.entries(value).flatMap(([key, inner]) => {
      const own = schema?.properties?.[key];
      return own === undefined ? [`${at}.${key}`] : unknownIn(inner, own, `${at}.${key}`);
    }),
  ];
}

const call = (body?: unknown) => ({
  query: new URLSearchParams(),
  body,
  by: 'alice',
  signal: new AbortController().signal,
});

describe('the description of the control socket', () => {
  it('has the routes that there are, with their parameters, and no others', () => {
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { parameters = [] }]) => ({
        method: method.toUpperCase(),
        path,
        query: parameters.map(
          ({ name, $ref = '' }) => name ?? components.parameters[nameIn($ref)]?.name,
        ),
      })),
    );
    const actual = routes.map(({ method, path, query }) => ({ method, path, query: [...query] }));
    expect(described).toEqual(actual);
  });

  it('refers to nothing that is not there', () => {
    const text = readFileSync('packaging/control-api.yaml', 'utf8');
    const references = Array.from(text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g));
    expect(references.length).toBeGreaterThan(20);
    const all = components as unknown as Record<string, Record<string, unknown>>;
    for (const [, kind = '', name = ''] of references) expect(all[kind]?.[name]).toBeDefined();
  });

  it('has every code of a refusal, with its status', () => {
    const error = schemaOf('Error').properties?.['error']?.properties?.['code'];
    expect(error?.enum).toEqual(Object.keys(refusalStatus));
    const words = components.responses['Refusal']?.description.replaceAll(/\s+/g, ' ');
    for (const [code, status] of Object.entries(refusalStatus)) {
      expect(words).toContain(`${code} ${status}`);
    }
  });

  it.each([
    ['/v1/status', 'Status', undefined],
    ['/v1/override', 'OverrideResult', { service: 'web', server: '10.0.0.11', mode: 'drain' }],
    ['/v1/reload', 'ReloadResult', undefined],
    ['/v1/availability', 'Availabilities', undefined],
  ])('has every field that %s answers with', async (path, schema, body) => {
    const director = new FakeDirector();
    const statistics = { written: 1, lost: 2, problem: 'the disk is full' };
    const history = { stateDirectory: '/nonexistent', statistics, flush: async () => undefined };
    const operated: Operated = { operations: director, history };
    const route = routes.find((one) => one.path === path);
    const answer = await route?.answer?.(call(body), operated);
    expect(answer).toBeDefined();
    expect(unknownIn(JSON.parse(toJson(answer)), schemaOf(schema))).toEqual([]);
  });

  it('has every field of an availability', () => {
    const reckoner = new AvailabilityReckoner(100, [100]);
    const sides = { maint: [], agentMaint: [], mode: 'serving' } as const;
    const all = {
      time: 0,
      event: 'standing',
      service: 'web',
      up: ['a'],
      down: [],
      ...sides,
    } as const;
    reckoner.take(all);
    const turn = { service: 'web', server: 'a', reason: '', afterMs: undefined };
    reckoner.take({ time: 10, event: 'server-down', ...turn });
    reckoner.take({ time: 20, event: 'server-up', ...turn });
    const document = { version: 1, time: 100, spansMs: [100], services: reckoner.result() };
    expect(document.services[0]?.servers[0]?.spans[0]?.mttrMs).toBe(10);
    expect(unknownIn(JSON.parse(toJson(document)), schemaOf('Availabilities'))).toEqual([]);
  });
});
