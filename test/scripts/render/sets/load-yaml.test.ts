import { describe, expect, it } from '@jest/globals';
import { toJson } from '../../../../scripts/render/functions/json.ts';
import { InputError } from '../../../../scripts/render/sets/input-error.ts';
import { loadYaml } from '../../../../scripts/render/sets/load-yaml.ts';

const read = (scalar: string): string => toJson(loadYaml(`v: ${scalar}`, 'c.yaml').value).slice(5, -1);

describe('values in a cluster file', () => {
  // As ghodss/yaml 1.0 with yaml.v2 2.2 reads them, which kontemplate uses.
  it.each([
    ['010', '8'],
    ['0o17', '15'],
    ['0x1F', '31'],
    ['-0x1F', '-31'],
    ['0b11', '3'],
    ['1_000', '1000'],
    ['08', '8'],
    ['+5', '5'],
    ['-0', '0'],
    ['1e3', '"1e3"'],
    ['7e12345', '"7e12345"'],
    ['1e+3', '1000'],
    ['1e+400', '"1e+400"'],
    ['1.10', '1.1'],
    ['5.', '"5."'],
    ['.5', '0.5'],
    ['1:20', '"1:20"'],
    ['2001-01-01', '"2001-01-01"'],
    ['!!str 1', '"1"'],
    ['!!float 3', '3'],
    ['!foo 12', '"12"'],
    ['~', 'null'],
    ['NULL', 'null'],
    ['TRUE', 'true'],
    ['tRUE', '"tRUE"'],
    ['!!binary aGVsbG8=', '"hello"'],
    ['123456789012345678901', '123456789012345680000'],
  ])('reads %s as %s', (scalar, json) => {
    expect(read(scalar)).toBe(json);
  });

  // Where we decided otherwise.
  it.each(['yes', 'No', 'on', 'OFF', 'y', 'N'])('reads %s as text and warns', (scalar) => {
    expect(read(scalar)).toBe(`"${scalar}"`);
    expect(loadYaml(`v: ${scalar}`, 'c.yaml').warnings).toEqual([
      expect.stringMatching(/^c\.yaml:1:4: .* is text here/),
    ]);
  });

  it.each(['1.10', '007', '0x10', '0b1', '1_000', '1e+3', '202611301234567890'])(
    'warns that %s is a number that is written otherwise',
    (scalar) => {
      const value = Number(read(scalar));
      expect(loadYaml(`v: ${scalar}`, 'c.yaml').warnings).toEqual([
        `c.yaml:1:4: ${scalar} is the number ${value}. Quote it if it is a version: "${scalar}".`,
      ]);
    },
  );

  it.each(['7', '20261130', '"007"', '1.5', '-3'])('has nothing to say of %s', (scalar) => {
    expect(loadYaml(`v: ${scalar}`, 'c.yaml').warnings).toEqual([]);
  });

  it('turns keys that are no text into text', () => {
    expect(toJson(loadYaml('{1: a, 2.5: b, true: c, 0x10: d}', 'c').value)).toBe(
      '{"1":"a","16":"d","2.5":"b","true":"c"}',
    );
  });

  it.each(['.inf', '-.INF', '.nan'])('refuses %s', (scalar) => {
    expect(() => read(scalar)).toThrow(InputError);
  });

  it('keeps a key named __proto__ a key', () => {
    const { value } = loadYaml('__proto__: {a: 1}', 'c');
    expect(toJson(value)).toBe('{"__proto__":{"a":1}}');
  });
});
