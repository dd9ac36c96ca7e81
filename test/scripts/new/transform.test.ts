import { describe, expect, it } from '@jest/globals';
import { transform } from '../../../scripts/new/transform.ts';
import { createRenaming } from '../../../scripts/new/words.ts';

const chosen = ['k8s/README.md', 'k8s/cluster.yaml', 'services/coffee-shop/README.md', 'a.test.ts'].map(
  (file) => ({
    from: file,
    to: file,
    because: 'of the test',
  }),
);
const around = { chosen, parts: new Set<never>(), rename: createRenaming('tea-house') };
const file = (from: string, to = from) => ({ from, to, because: 'of the test' });

describe('a file that goes along', () => {
  it('links to what is there, under its new name, and says the rest as words', () => {
    const text = [
      '[the set](cluster.yaml), [service](../services/coffee-shop/README.md#x), [folder](../services/)',
      '[the demo](../scripts/demo/README.md), ![a picture](../a.png), [web](https://example.org), [above](#up)',
    ].join('\n');
    expect(transform(file('k8s/README.md'), text, around)).toBe(
      [
        '[the set](cluster.yaml), [service](../services/tea-house/README.md#x), [folder](../services/)',
        'the demo, a picture, [web](https://example.org), [above](#up)',
      ].join('\n'),
    );
  });

  it('links from where it lies there', () => {
    expect(transform(file('scripts/new/files/README.md', 'README.md'), '[k8s](k8s/README.md)', around)).toBe(
      '[k8s](k8s/README.md)',
    );
  });

  it('imports from the package what does not come as source', () => {
    const text = "import { renderSets } from '../../scripts/render/index.ts';\n";
    expect(transform(file('test/templates/a.ts'), text, around)).toBe(
      "import { renderSets } from 'zero-downtime-tools/render';\n",
    );
    expect(
      transform(file('test/templates/a.ts'), text, { ...around, parts: new Set(['render'] as const) }),
    ).toBe(text);
  });

  it('says nothing that is meant for here', () => {
    const text =
      'a\n<!-- only here: reason -->\n\nb\n\n<!-- end of only here -->\n\nc\n  // only here\n  d\n  // end of only here\ne\n';
    expect(transform(file('x.md'), text, around)).toBe('a\nc\ne\n');
  });

  it('is edited where the list says so, and the list must be right', () => {
    const name = 'services/lifecycle-sidecar/Containerfile';
    expect(transform(file(name), 'COPY package.json package-lock.json ./\n', around)).toContain(
      'COPY vendor ./vendor\n',
    );
    expect(() => transform(file(name), 'COPY . .\n', around)).toThrow(
      /Containerfile has no "COPY package.json/,
    );
  });
});
