/**
 * Kubernetes' quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
const UNITS: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** `100m` is 0.1, `96Mi` is 100663296; NaN for what is no quantity. */
export function parseQuantity(quantity: unknown): number {
  const match = /^([+-]?[\d.]+)(?:[eE]([+-]?\d+)|([numkMGTPE]?|[KMGTPE]i))$/.exec(String(quantity));
  if (match === null) return Number.NaN;
  const [, number = '', exponent, unit = ''] = match;
  return Number(number) * (exponent === undefined ? (UNITS[unit] ?? Number.NaN) : 10 ** Number(exponent));
}
