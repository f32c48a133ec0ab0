/** The inputs of one resource as a transform is shown them, and as it hands them back. */

/** Said of a value that is withheld. */
const why = "is a secret, or not known before the deployment, and no transform sees it";

type Inputs = Readonly<Record<string, unknown>>;

export class ShownInputs {
  /** Frozen. */
  readonly inputs: Inputs;
  readonly #originals: Inputs;
  readonly #withheld = new Map<unknown, { readonly value: unknown; readonly key: string }>();

  /** @param isPlain whether a list or an object may be shown */
  constructor(originals: Inputs, isPlain: (value: object) => boolean) {
    this.#originals = originals;
    const entries = Object.entries(originals).map(([key, value]) => [key, this.#show(value, key, isPlain)]);
    this.inputs = Object.freeze(Object.fromEntries(entries));
  }

  #show(value: unknown, key: string, isPlain: (value: object) => boolean): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (!isPlain(value)) return this.#withhold(value, key);
    if (Array.isArray(value)) return Object.freeze(value.map((entry) => this.#show(entry, key, isPlain)));
    return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#show(inner, key, isPlain)])));
  }

  /** Whoever reads it, copies it or writes it into a text is told so, and none of it is lost unseen. */
  #withhold(value: object, key: string): object {
    const refuse = () => {
      throw new Error(`a value in inputs.${key} ${why}: leave it as it is`);
    };
    const stand = new Proxy(Object.freeze({ withheld: why }), {
      get: refuse,
      has: refuse,
      ownKeys: refuse,
      getPrototypeOf: refuse,
      getOwnPropertyDescriptor: refuse,
    });
    this.#withheld.set(stand, { value, key });
    return stand;
  }

  /**
   * The inputs that were handed back, each by its original where it is as it was.
   *
   * @returns undefined when all of them are
   * @throws Error when one is no plain value, or holds what was withheld of another
   */
  restore(given: Inputs): { readonly inputs: Inputs; readonly changed: readonly string[] } | undefined {
    const keys = [...new Set([...Object.keys(this.inputs), ...Object.keys(given)])].sort();
    const changed = keys.filter((key) => !this.#same(this.inputs[key], given[key]));
    if (changed.length === 0) return undefined;
    const entries = Object.entries(given).map(([key, value]) => [
      key,
      changed.includes(key) ? this.#restored(value, key, key) : this.#originals[key],
    ]);
    return { inputs: Object.fromEntries(entries), changed };
  }

  #same(one: unknown, other: unknown): boolean {
    if (one === other) return true;
    if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
    if (this.#withheld.has(one) || this.#withheld.has(other) || Array.isArray(one) !== Array.isArray(other)) return false;
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].every((key) => this.#same((one as Inputs)[key], (other as Inputs)[key]));
  }

  #restored(value: unknown, key: string, path: string): unknown {
    if (value === undefined || value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value))
      return value;
    const held = this.#withheld.get(value);
    if (held !== undefined && held.key !== key) throw new Error(`inputs.${path} holds what stands in inputs.${held.key}: leave it there`);
    if (held !== undefined) return held.value;
    if (Array.isArray(value)) return value.map((entry, index) => this.#restored(entry, key, `${path}[${index}]`));
    if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype)
      throw new Error(`inputs.${path} is no text, number, true, false, list or set of keys`);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#restored(inner, key, `${path}.${name}`)]));
  }
}
