import { describe, expect, it } from '@jest/globals';
import { RenderError, renderTemplate } from '../../../scripts/render/index.ts';
import { loadCases, reasonToSkip, reportSkipped, type TemplateCase } from './cases.ts';

const cases = loadCases<TemplateCase>('template-cases');
reportSkipped(cases);
const runnable = cases.filter((each) => reasonToSkip(each) === undefined);

function failure(each: TemplateCase): RenderError {
  try {
    renderTemplate(each.template, each.values, { fileName: 'case.yaml' });
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
  throw new Error('it rendered');
}

describe('the recorded template cases', () => {
  it.each(runnable.filter(({ expected }) => expected !== undefined))(
    'render as kontemplate: $name',
    (each) => {
      expect(renderTemplate(each.template, each.values)).toBe(each.expected);
    },
  );

  it.each(runnable.filter(({ error }) => error !== undefined))('fail as kontemplate: $name', (each) => {
    const error = failure(each);
    expect(error.message).toContain(each.error);
    expect({ errorClass: error.errorClass, phase: error.phase, line: error.line }).toEqual({
      errorClass: each.errorClass,
      phase: each.phase,
      line: each.line,
    });
    expect(error.message).toMatch(/^case\.yaml:\d+:\d+: /);
  });

  it('are all either run or skipped with a reason', () => {
    expect(cases.length).toBeGreaterThanOrEqual(142);
    expect(runnable.every(({ expected, error }) => (expected === undefined) !== (error === undefined))).toBe(
      true,
    );
  });
});
