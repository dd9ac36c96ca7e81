import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readTargets } from '../../../../scripts/demo/observe/proxy-targets.ts';

function recorded(name: string): unknown {
  const file = new URL(`../../../fixtures/istio/switch/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { body: unknown }).body;
}

const targets = (who: string, stage: string) =>
  readTargets(recorded(`${who}.routes.${stage}`), recorded(`${who}.endpoints.${stage}`), 'cafe');

describe.each(['gateway', 'sidecar'])('where a real %s sends', (who) => {
  it('follows the stages of a recorded switch', () => {
    expect(targets(who, '1-before').subsets).toEqual(['v2']);
    expect(targets(who, '4-canary-90-10').subsets).toEqual(['v1', 'v2']);
    expect(targets(who, '5-route-shifted').subsets).toEqual(['v1']);
    for (const stage of ['1-before', '4-canary-90-10', '5-route-shifted', '7-old-deleted']) {
      expect(targets(who, stage).addresses.length).toBeGreaterThan(0);
    }
  });

  it('has no address of the old version after the shift', () => {
    const before = targets(who, '1-before').addresses;
    const after = targets(who, '5-route-shifted').addresses;
    expect(after.filter((address) => before.includes(address))).toEqual([]);
  });

  it('knows nothing of other services', () => {
    const other = readTargets(
      recorded(`${who}.routes.1-before`),
      recorded(`${who}.endpoints.1-before`),
      'caf',
    );
    expect(other).toEqual({ subsets: [], addresses: [] });
  });
});

describe.each(['gateway', 'sidecar'])('where a real %s sends by HTTPRoute', (who) => {
  const read = (what: string): unknown => {
    const file = new URL(`../../../fixtures/istio/gateway-api/${who}.${what}.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as { body: unknown }).body;
  };
  const sent = (stage: string) =>
    readTargets(read(`routes.${stage}`), read(`endpoints.${stage}`), 'shop.ze-gapi');

  it('names the version whose Service serves, before and after the shift', () => {
    expect(sent('1-before').subsets).toEqual(['v1']);
    expect(sent('4-route-shifted').subsets).toEqual(['v2']);
    expect(sent('4-route-shifted').addresses.length).toBeGreaterThan(0);
  });
});
