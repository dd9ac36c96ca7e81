import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './root.ts';

/** The cluster file of a copy of istio/ in `folder`, with these templates changed. */
export function changedTemplates(
  folder: string,
  change: (text: string) => string,
  templates: readonly string[],
): string {
  cpSync(path.join(root, 'istio'), folder, { recursive: true });
  for (const template of templates) {
    const file = path.join(folder, template);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  }
  return path.join(folder, 'cluster.yaml');
}

/** The label by which Kubernetes recommends to tell versions apart. */
export const RECOMMENDED = 'app.kubernetes.io/version';

/** istio/ with the recommended label instead of the templates' own. */
export const withRecommendedLabel = (folder: string): string =>
  changedTemplates(folder, (text) => text.replaceAll(/^( +)version: /gm, `$1${RECOMMENDED}: `), [
    'version/deployment.tpl.yaml',
    'subsets/destination-rule.tpl.yaml',
  ]);
