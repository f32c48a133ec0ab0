const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  Pi: 1024 ** 5,
  Ei: 1024 ** 6,
};

/** A quantity as Kubernetes writes it (`4Gi`, `500m`, `1e3`), in its base unit; 0 where there is none. */
export function amountOf(quantity: string | undefined): number {
  const [, digits = "0", unit = ""] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([numkMGTPE]i?)?$/.exec(quantity ?? "0") ?? [];
  return Number(digits) * (factors[unit] ?? 1);
}
