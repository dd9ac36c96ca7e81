import { canonicalJson } from './canonical.ts';

// Kubernetes' alphabet for generated names: no vowels, no look-alikes (apimachinery util/rand).
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The value of the label `pod-template-hash`. As in Kubernetes a 32-bit FNV-1a in safe letters; the text that
 * is hashed is the template's JSON, so the values differ from a real cluster's.
 */
export function podTemplateHash(template: unknown, collisionCount = 0): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(
    canonicalJson(template) + (collisionCount === 0 ? '' : String(collisionCount)),
  )) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return String(hash).replace(/\d/g, (digit) => SAFE[digit.charCodeAt(0) % SAFE.length] ?? '');
}
