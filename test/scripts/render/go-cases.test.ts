import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RenderError } from '../../../scripts/render/index.ts';
import { standardFunctions } from '../../../scripts/render/functions/index.ts';
import { goFunctions } from '../../../scripts/render/template/builtins.ts';
import { renderText } from '../../../scripts/render/template/render.ts';
import { fromPlain } from '../../../scripts/render/template/values.ts';

interface Recorded {
  stdlibOnly: boolean;
  values: unknown;
  cases: { template: string; output: string | null }[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/kontemplate/go-cases.json', import.meta.url), 'utf8'),
) as Recorded[];

describe.each(recorded)('compared with Go (stdlib only: $stdlibOnly)', ({ stdlibOnly, values, cases }) => {
  const functions = stdlibOnly ? goFunctions : standardFunctions;

  it.each(cases)('gives the same for $template', ({ template, output }) => {
    const render = (): string => renderText(template, fromPlain(values), 'x', { functions, numbers: 'go' });
    if (output === null) expect(render).toThrow(RenderError);
    else expect(render()).toBe(output);
  });
});
