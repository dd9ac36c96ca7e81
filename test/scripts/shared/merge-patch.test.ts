import { describe, expect, it } from '@jest/globals';
import { mergePatch, touchedBy } from '../../../scripts/shared/merge-patch.ts';

describe('a JSON merge patch', () => {
  /** https://www.rfc-editor.org/rfc/rfc7396#appendix-A */
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('makes of %s with %s what the RFC says: %s', (target, patch, result) => {
    expect(JSON.stringify(mergePatch(JSON.parse(target), JSON.parse(patch)))).toBe(result);
  });

  it('takes names that every object inherits for keys like any other', () => {
    const target = JSON.parse('{"constructor":"a","__proto__":"b"}') as unknown;
    expect(JSON.stringify(mergePatch(target, { c: 1 }))).toBe('{"constructor":"a","__proto__":"b","c":1}');
    expect(JSON.stringify(mergePatch({}, JSON.parse('{"__proto__":{"x":1}}')))).toBe('{"__proto__":{"x":1}}');
  });

  it('touches the fields that it names, and no other', () => {
    expect(touchedBy({ a: { b: 1 }, c: null }, { a: { b: 2, x: 3 }, c: 4, d: 5 })).toEqual({
      a: { b: 2 },
      c: 4,
    });
    expect(touchedBy({ a: 1 }, { b: 2 })).toBeUndefined();
  });
});
