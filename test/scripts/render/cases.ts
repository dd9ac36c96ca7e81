import { readFileSync } from 'node:fs';

export interface TemplateCase {
  name: string;
  template: string;
  values: unknown;
  expected?: string;
  error?: string;
  errorClass?: string;
  phase?: string;
  line?: number;
  tags?: string[];
  stdlibOnly: boolean;
}

export interface CommandCase {
  name: string;
  files: Record<string, string>;
  argv: string[];
  exit: number;
  stdout?: string;
  stderrMentions?: string[];
  stderrNonEmpty?: boolean;
  outputFiles?: Record<string, string>;
  fakeKubectlExit?: number;
  kubectlCalls?: { args: string[]; stdin: string }[];
  tags?: string[];
}

/** Tags of cases that hold for kontemplate only, with the decision that makes the difference. */
const DECIDED_OTHERWISE: Record<string, string> = {
  float64: 'whole numbers print plainly (--go-numbers prints as kontemplate does)',
  yaml11: 'only true and false are booleans, as in YAML 1.2',
  'yaml-dup': 'a key given twice is an error',
  deviation: 'decided in scripts/render/README.md',
};

export function loadCases<T>(name: 'template-cases' | 'cli-cases'): T[] {
  const file = new URL(`../../fixtures/kontemplate/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as T[];
}

/** Why a case is not run, or undefined. */
export function reasonToSkip({ tags = [] }: { tags?: string[] }): string | undefined {
  return tags.map((tag) => DECIDED_OTHERWISE[tag]).find((reason) => reason !== undefined);
}

/** Prints which cases are skipped and why: none is left out silently. */
export function reportSkipped(cases: readonly { name: string; tags?: string[] }[]): void {
  const skipped = cases.filter((each) => reasonToSkip(each) !== undefined);
  const lines = skipped.map((each) => `  ${each.name}: ${reasonToSkip(each) ?? ''}`);
  process.stdout.write(`${skipped.length} of ${cases.length} cases skipped\n${lines.join('\n')}`);
}
