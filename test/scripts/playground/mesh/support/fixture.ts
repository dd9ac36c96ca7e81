import { readFileSync } from 'node:fs';

/** A recorded answer from test/fixtures/istio/mesh. */
export function fixture<T>(name: string): T {
  return JSON.parse(
    readFileSync(new URL(`../../../../fixtures/istio/mesh/${name}.json`, import.meta.url), 'utf8'),
  ) as T;
}
