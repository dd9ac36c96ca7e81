import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadCases, reasonToSkip, reportSkipped, type CommandCase } from './cases.ts';
import { bundleCommand, type Bundle } from '../../../scripts/render/bundle.ts';
import { createWorkplace } from './command.ts';

const cases = loadCases<CommandCase>('cli-cases');
reportSkipped(cases);
const runnable = cases.filter((each) => reasonToSkip(each) === undefined);

describe('the recorded command cases', () => {
  let command: Bundle;
  beforeAll(async () => {
    command = await bundleCommand();
  });
  afterAll(() => command.remove());

  it.each(runnable)('behave as kontemplate: $name', async (each) => {
    const place = createWorkplace(command.program);
    try {
      place.write(each.files);
      if (each.fakeKubectlExit !== undefined) place.fake('kubectl', each.fakeKubectlExit);
      const { exit, stdout, stderr } = await place.run(each.argv);
      expect({ exit, stderr }).toEqual({ exit: each.exit, stderr });
      if (each.stdout !== undefined) expect(stdout).toBe(each.stdout);
      for (const word of each.stderrMentions ?? []) expect(stderr).toContain(word);
      if (each.stderrNonEmpty === true) expect(stderr).not.toBe('');
      for (const [file, text] of Object.entries(each.outputFiles ?? {})) expect(place.read(file)).toBe(text);
      if (each.kubectlCalls !== undefined) expect(place.calls()).toEqual(each.kubectlCalls);
    } finally {
      place.remove();
    }
  });

  it('are all either run or skipped with a reason', () => {
    expect(cases.length).toBeGreaterThanOrEqual(39);
  });
});
