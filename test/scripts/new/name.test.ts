import { describe, expect, it } from '@jest/globals';
import { verifyName } from '../../../scripts/new/name.ts';

describe('the name of a new repository', () => {
  it.each(['tea-house', 'a', 'billing2', 'x'.repeat(50)])('may be %s', (name) => {
    expect(() => verifyName(name, ['express'])).not.toThrow();
  });

  it.each([
    ['', /must be lower-case/],
    ['Tea-house', /must be lower-case letters, digits and "-".*got "Tea-house"/],
    ['tea_house', /must be lower-case/],
    ['tea.house', /must be lower-case/],
    ['tea house', /must be lower-case/],
    ['2tea', /beginning with a letter/],
    ['-tea', /beginning with a letter/],
    ['tea-', /not ending with "-"/],
    ['@team/tea', /must be lower-case/],
    ['../tea', /must be lower-case/],
    ['tée', /must be lower-case/],
    ['x'.repeat(51), /at most 50 characters.*has 51/],
    ['lifecycle-sidecar', /the sidecar has that name/],
    ['istio-proxy', /a container of that name/],
    ['kubernetes', /the API server is a Service of that name/],
    ['http', /Node has a module of that name/],
    ['express', /depends on a package of that name/],
  ])('cannot be "%s"', (name, why) => {
    expect(() => verifyName(name, ['express'])).toThrow(why);
  });
});
