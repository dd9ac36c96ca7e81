import { readFileSync } from 'node:fs';

/** A recorded answer from test/fixtures/istio/mesh. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/istio/mesh/${name}.json`, import.meta.url), 'utf8'));
}
