/**
 * What goes along into a repository of one's own, each with its reason. Where several entries name a file,
 * the longest path counts. A test goes along when all that it imports does.
 */
export const parts = ['switch', 'render', 'load', 'playground', 'demo'] as const;
/** What comes as source only when it is asked for; render, switch and load come packed otherwise. */
export type Part = (typeof parts)[number];

export interface Entry {
  /** A file or folder of this repository. */
  path: string;
  because: string;
  /** Goes along only with this part. Default: always. */
  part?: Part;
  /** Goes along only without this part. */
  without?: Part;
  /** Where it lies there. Default: where it lies here. */
  to?: string;
  /** Goes along only as far as something that goes along imports it. */
  asNeeded?: true;
}

/** What a part cannot do without. */
export const needs: Record<Part, readonly Part[]> = {
  switch: [],
  render: [],
  load: [],
  playground: ['render', 'switch', 'load'],
  demo: ['playground'],
};

export const contents: readonly Entry[] = [
  // The service
  { path: 'services/coffee-shop', because: 'the service, with an example of a resource to be replaced' },
  { path: 'services/graceful', because: 'the kit that starts, drains and ends it' },
  { path: 'services/shared', because: 'what service and lifecycle sidecar have in common' },
  {
    path: 'services/lifecycle-sidecar',
    because: 'owns the last seconds of pods whose app cannot drain itself',
  },

  // What is applied
  { path: 'k8s', because: 'the templates for plain Kubernetes, with alerts and dashboard' },
  { path: 'istio', because: 'the templates for the mesh, with alerts and dashboard' },
  {
    path: 'scripts/switch/in-cluster',
    because: 'the switch as a Job: its rights are for the team to read and to grant',
  },
  { path: 'scripts/load/in-cluster', because: 'the load as a Job' },
  {
    path: 'scripts/switch/in-cluster/github-actions.yaml',
    to: '.github/workflows/release.yaml',
    because: 'the release as a workflow: there it would be copied here',
  },

  // How it is built and checked
  { path: 'scripts/image', because: 'images without a container engine' },
  { path: 'scripts/shared/compile-cache.mjs', because: 'lint and typecheck start with it' },
  { path: 'scripts/shared', asNeeded: true, because: 'what images and tests use' },
  { path: 'load-typescript.mjs', because: 'every npm script starts with it' },
  { path: '.editorconfig', because: 'one hand' },
  { path: '.gitignore', because: 'what is made is not kept' },
  { path: '.npmrc', because: 'the lock file names no registry' },
  { path: '.prettierignore', because: 'the format' },
  { path: '.prettierrc.json', because: 'the format' },
  { path: 'eslint.config.js', because: 'the lint' },
  { path: 'jest.config.js', because: 'the tests' },
  { path: 'tsconfig.json', because: 'the types' },
  { path: 'scripts/new/files/README.md', to: 'README.md', because: 'a README of its own' },
  { path: 'GLOSSARY.md', because: 'the words of the READMEs' },
  {
    path: 'scripts/new/files/LICENSE',
    to: 'LICENSE',
    because: 'the licence, with the notice that ours asks to keep',
  },
  { path: 'scripts/new/files/.ci/run', to: '.ci/run', because: 'what a pull request must pass' },
  {
    path: 'scripts/new/files/.github/workflows/ci.yaml',
    to: '.github/workflows/ci.yaml',
    because: 'runs it for each push and pull request',
  },

  // Tests, those that can stand there
  { path: 'test/services', because: 'the service and the sidecar as processes: start, drain, end' },
  { path: 'test/templates', because: 'every variant of every template against schemas and Pod Security' },
  { path: 'test/scripts/image', because: 'the images' },
  {
    path: 'test/house/pipelines.test.ts',
    because: 'what runs beside credentials runs nothing that can be exchanged',
  },
  {
    path: 'test/house/npm-scripts.test.ts',
    because: 'signals reach the service through npm, in every shell',
  },
  {
    path: 'scripts/new/files/test/readme.test.ts',
    to: 'test/readme.test.ts',
    because: 'the commands of its README, run',
  },
  { path: 'test/support', asNeeded: true, because: 'what the tests have in common' },
  { path: 'test/support/esbuild-transform.js', because: 'jest reads TypeScript by it' },
  { path: 'test/support/global-setup.js', because: 'jest starts with it' },

  // As source only when asked for
  { path: 'scripts/render', part: 'render', because: 'the template engine, to change it' },
  { path: 'test/scripts/render', part: 'render', because: 'its tests' },
  { path: 'test/fixtures/kontemplate', part: 'render', because: 'what its tests compare with' },
  { path: 'scripts/load', part: 'load', because: 'the load, to change it' },
  { path: 'test/scripts/load', part: 'load', because: 'its tests' },
  { path: 'test/fixtures/load', part: 'load', because: 'what its tests compare with' },
  { path: 'scripts/switch', part: 'switch', because: 'the switch, to add steps of its own' },
  { path: 'test/scripts/switch', part: 'switch', because: 'its tests' },
  { path: 'test/simulation', part: 'switch', because: 'the switch in thousands of simulated worlds' },
  { path: 'test/fixtures/istio', part: 'switch', because: 'what real proxies answered' },
  { path: 'scripts/playground', part: 'playground', because: 'the embedded cluster' },
  { path: 'scripts/demo', part: 'demo', because: 'the comparison' },
  { path: 'test/scripts/demo', part: 'demo', because: 'its tests' },
];

/** Where the packed tools lie there. */
export const VENDOR = 'vendor';

/** Changes that a file needs there, each with its reason. They are made before words are exchanged. */
export interface Edit {
  path: string;
  from: string;
  to: string;
  because: string;
  /** Only without this part. */
  without?: Part;
}

const buildsWithTools = 'npm finds the packed tools in this folder';
const noDemo = 'there is no demo';

export const edits: readonly Edit[] = [
  ...['coffee-shop', 'lifecycle-sidecar'].flatMap((service) => [
    {
      path: `services/${service}/Containerfile`,
      from: 'COPY package.json package-lock.json ./\n',
      to: 'COPY package.json package-lock.json ./\nCOPY vendor ./vendor\n',
      because: buildsWithTools,
    },
    {
      path: `services/${service}/Containerfile.dockerignore`,
      from: '!package-lock.json\n',
      to: '!package-lock.json\n!vendor\n',
      because: buildsWithTools,
    },
  ]),
  {
    path: 'tsconfig.json',
    from: ',\n  "exclude": ["scripts/demo/page"]',
    to: '',
    without: 'demo',
    because: noDemo,
  },
  { path: '.gitignore', from: 'demo-report/\n', to: '', without: 'demo', because: noDemo },
  { path: '.prettierignore', from: 'demo-report\n', to: '', without: 'demo', because: noDemo },
  { path: 'eslint.config.js', from: ", 'demo-report'", to: '', without: 'demo', because: noDemo },
];
