import { describe, expect, it } from 'vitest';
import { requestRecord, serviceRecord } from '../../src/native/ipvs-records.ts';
import { loadAddon } from '../../src/native/load.ts';
import { collectUntil, socketCount } from '../support/descriptors.ts';

type Callable = (...values: unknown[]) => unknown;

/** An object of a class of the addon, as junk meets it. */
interface Native {
  readonly open?: Callable;
  readonly close?: Callable;
  readonly [method: string]: Callable | undefined;
}

const addon = loadAddon() as unknown as Readonly<Record<string, unknown>>;

function detached(): Uint8Array {
  const bytes = new Uint8Array(requestRecord.size);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const throwing = new Proxy(
  {},
  {
    get() {
      throw new RangeError('a trap');
    },
  },
);

/**
 * Values of every kind that no function of the addon takes for what it wants, or that it takes and
 * can do nothing with: texts are empty or far too long for any name.
 */
const junk: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['-1', -1],
  ['-0', -0],
  ['1.5', 1.5],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['2^31', 2 ** 31],
  ['2^32', 2 ** 32],
  ['2^53', 2 ** 53],
  ['a bigint', 2n ** 70n],
  ['an empty text', ''],
  ['a long text', 'x'.repeat(70_000)],
  ['half a pair of surrogates', `${'x'.repeat(300)}\ud800`],
  ['a symbol', Symbol('junk')],
  ['an object', {}],
  ['an object without prototype', Object.create(null)],
  ['a date', new Date(0)],
  ['an array', []],
  ['a long array', new Array(10_000)],
  ['a function', () => undefined],
  ['a promise', Promise.resolve()],
  ['a regular expression', /x/],
  ['no bytes', new Uint8Array(0)],
  ['three bytes', new Uint8Array(3)],
  ['floats', new Float64Array(2)],
  ['bytes of a larger buffer', new Uint8Array(new ArrayBuffer(64), 61, 3)],
  ['detached bytes', detached()],
  ['shared bytes', new Uint8Array(new SharedArrayBuffer(requestRecord.size))],
  ['a view', new DataView(new ArrayBuffer(8))],
  ['a buffer', new ArrayBuffer(8)],
  ['a revoked proxy', revoked()],
  ['an object that throws', throwing],
  ['a text that throws', { toString: () => throwing }],
];

/** What every call of the addon may end in: a value, or an error, and never the end of the process. */
async function settle(call: () => unknown): Promise<void> {
  try {
    const result = call();
    const { socket, cancel } = (result ?? {}) as { socket?: unknown; cancel?: () => void };
    cancel?.call(result);
    const value: unknown = await (socket ?? result);
    (value as { close?: () => void } | undefined)?.close?.();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
  }
}

const functions = Object.entries(addon).filter(
  ([, value]) => typeof value === 'function' && !/^class|^[A-Z]/.test((value as Callable).name),
) as [string, Callable][];
const classes = Object.entries(addon).filter(
  ([name, value]) => typeof value === 'function' && /^[A-Z]/.test(name),
) as [string, new () => Native][];

function methodsOf(Class: new () => object): string[] {
  return Object.getOwnPropertyNames(Class.prototype).filter((name) => name !== 'constructor');
}

describe('the addon', () => {
  it('has the functions and classes that these tests go through', () => {
    expect(classes.map(([name]) => name)).toContain('IpvsSocket');
    expect(classes.length + functions.length).toBeGreaterThan(5);
  });
});

describe.each(functions)('%s()', (_name, work) => {
  it('survives junk in every place', async () => {
    await settle(() => work());
    for (const [, value] of junk) {
      await settle(() => work(value));
      await settle(() => work('', value));
      await settle(() => work(new Uint8Array(4), 0, value));
      await settle(() => work(new Uint8Array(4), 0, {}, value));
      await settle(() => work(value, value, value, value, value));
    }
  });

  it('survives junk as its receiver', async () => {
    for (const [, value] of junk) await settle(() => Reflect.apply(work, value, []));
  });
});

describe.each(classes)('%s', (name, Class) => {
  it('survives junk in every place of every method, open or not', async () => {
    const before = socketCount();
    for (const open of [false, true]) {
      for (const method of methodsOf(Class)) {
        for (const [, value] of junk) {
          const object = new Class();
          if (open && name !== 'NetworkMonitor') await settle(() => object.open?.());
          const call = (...values: unknown[]) => settle(() => object[method]?.(...values));
          await call(value);
          await call('', value);
          await call('link', value);
          await call('link', 'add', value);
          await call(new Uint8Array(serviceRecord.size), value);
          await call(value, value, value);
          object.close?.();
        }
      }
    }
    expect(await collectUntil(() => socketCount() <= before)).toBe(true);
  });

  it('survives junk for its constructor, and needs new', () => {
    for (const [, value] of junk) {
      expect(() => new (Class as new (value: unknown) => unknown)(value)).not.toThrow();
    }
    expect(() => Reflect.apply(Class as unknown as Callable, undefined, [])).toThrow(TypeError);
  });

  it('has methods for its own objects only', () => {
    const strangers = [
      ...junk.map(([, value]) => value),
      Object.create(Class.prototype),
      ...classes.filter(([other]) => other !== name).map(([, Other]) => new Other()),
    ];
    for (const method of methodsOf(Class)) {
      const work = Class.prototype[method] as Callable;
      for (const stranger of strangers) {
        expect(() => Reflect.apply(work, stranger, []), method).toThrow();
      }
    }
  });
});

describe('wrong arguments', () => {
  const { IpvsSocket } = loadAddon();
  const bytes = new Uint8Array(1);

  it.each<[string, unknown[], string]>([
    ['open', [null], 'netns must be a whole number from 0 to 4294967295'],
    ['open', [-1], 'netns must be a whole number from 0 to 4294967295'],
    ['open', [1.5], 'netns must be a whole number from 0 to 4294967295'],
    ['open', [{}], 'netns must be a whole number from 0 to 4294967295'],
    ['execute', [], 'requests must be a Uint8Array'],
    ['execute', ['x'], 'requests must be a Uint8Array'],
    ['execute', [new ArrayBuffer(152)], 'requests must be a Uint8Array'],
    ['execute', [bytes], 'requests must hold whole records'],
    ['execute', [new Uint8Array(153)], 'requests must hold whole records'],
    ['readTable', [], 'options must be an object'],
    ['readTable', [true], 'options must be an object'],
    ['readService', [], 'key must be a Uint8Array'],
    ['readService', [bytes, {}], 'key must hold whole records'],
    ['readService', [new Uint8Array(0), {}], 'key must be one record'],
    ['readService', [new Uint8Array(160), {}], 'key must be one record'],
    ['readDestinations', [{}], 'keys must be a Uint8Array'],
    ['readDestinations', [bytes], 'keys must hold whole records'],
  ])('of IpvsSocket.%s are a TypeError at once: %j', (method, values, message) => {
    const socket = new IpvsSocket() as unknown as Native;
    expect(() => socket[method]?.(...values)).toThrow(new TypeError(message));
  });
});
