import { describe, expect, it } from '@jest/globals';
import { randomCase } from '../../../scripts/bench/random-templates.ts';
import { RenderError, renderTemplate } from '../../../scripts/render/index.ts';
import { goFunctions } from '../../../scripts/render/template/builtins.ts';
import { printTemplate } from '../../../scripts/render/template/printer.ts';
import { parse } from '../../../scripts/render/template/render.ts';
import { Source } from '../../../scripts/render/template/source.ts';

/** Renders, or answers the error; anything but the renderer's own error class fails the test. */
export function outcome(template: string, values: unknown): string | RenderError {
  try {
    return renderTemplate(template, values);
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
}

const parsed = (text: string) => parse(new Source('file.yaml', text), { functions: goFunctions });

/** What must hold for any template, tried with this many. */
export function describeRandomTemplates(count: number): void {
  describe(`${count.toLocaleString('en-US')} random templates`, () => {
    it('end with text or with the renderer’s own error', () => {
      let rendered = 0;
      for (let seed = 0; seed < count; seed++) {
        const { template, values } = randomCase(seed);
        if (typeof outcome(template, values) === 'string') rendered++;
      }
      // Else the templates would say little about rendering.
      expect(rendered).toBeGreaterThan(0.4 * count);
    }, 120_000);

    it('are printed as text that is parsed to the same again', () => {
      let compared = 0;
      for (let seed = 0; seed < 0.3 * count; seed++) {
        const { template } = randomCase(seed);
        let first: string;
        try {
          first = printTemplate(parsed(template));
        } catch (error) {
          expect(error).toBeInstanceOf(RenderError);
          continue;
        }
        expect(printTemplate(parsed(first))).toBe(first);
        compared++;
      }
      expect(compared).toBeGreaterThan(0.2 * count);
    }, 120_000);

    it('render the same as they were printed', () => {
      for (let seed = 0; seed < 0.1 * count; seed++) {
        const { template, values } = randomCase(seed);
        const rendered = outcome(template, values);
        if (typeof rendered !== 'string') continue;
        expect(renderTemplate(printTemplate(parsed(template)), values)).toBe(rendered);
      }
    }, 120_000);
  });
}
