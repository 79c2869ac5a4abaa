import { type HealthLevel, noHealth, readHealth } from './check-reader.ts';
import type { SettingsInput } from './config-input.ts';
import type { Place } from './problems.ts';

/** What services and servers take that do not say otherwise, with the places where it is said. */
export class Defaults {
  static readonly none: Defaults = new Defaults({}, undefined, undefined, noHealth);

  readonly values: SettingsInput;
  readonly health: HealthLevel;
  /** Undefined where nothing is said at all. */
  readonly #place: Place | undefined;
  readonly #around: Defaults | undefined;

  private constructor(
    values: SettingsInput,
    place: Place | undefined,
    around: Defaults | undefined,
    health: HealthLevel,
  ) {
    this.values = values;
    this.#place = place;
    this.#around = around;
    this.health = health;
  }

  /** These, and what a file that is included says on top of them. */
  with(own: SettingsInput, place: Place): Defaults {
    const said = Object.entries(own).filter(([, value]) => value !== undefined);
    const health = readHealth(own, place, this.health);
    return new Defaults({ ...this.values, ...Object.fromEntries(said) }, place, this, health);
  }

  /** A setting of a service, or its default, with the place where it is said. */
  setting<Key extends keyof SettingsInput>(
    input: SettingsInput,
    name: Key,
    at: Place,
  ): { readonly value: SettingsInput[Key]; readonly place: Place } {
    const own = input[name];
    if (own !== undefined) return { value: own, place: at.in(name) };
    return { value: this.values[name], place: this.#placeOf(name) ?? at };
  }

  #placeOf(name: keyof SettingsInput): Place | undefined {
    const isHere = this.#around === undefined || this.#around.values[name] !== this.values[name];
    if (!isHere && this.#around !== undefined) return this.#around.#placeOf(name);
    return this.#place?.in(name);
  }
}
