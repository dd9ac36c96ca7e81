/** Commands of the documents that are not run, each with the reason. Nothing else is left out. */
export const exceptions: { command: RegExp; because: string }[] = [
  { command: /^git clone /, because: 'the test runs in the clone' },
  {
    command: /^npm ci\b/,
    because: 'it would take node_modules away from the test that runs it; every pipeline begins with it',
  },
  {
    command:
      /^npm run new -- --name tea-house --out \.\.\/tea-house$|\.\.\/tea-house|^npm run load -- --url http:\/\/127\.0\.0\.1:PORT\/sample/,
    because:
      'is about the repository beside this one; test/matrix/starter makes it, and does all that follows',
  },
  { command: /^npm (test|run test:matrix)\b/, because: 'the test would run itself' },
  {
    command: /^(kind|ctr|curl -sSL https:|istioctl|\.\/istio)/,
    because: 'needs a cluster of containers, which is not part of this repository',
  },
  {
    command: /^kubectl\b/,
    because: 'kubectl is not required to be here; what these commands do is tried through the API',
  },
  {
    command: /--context (my-cluster|kind-)/,
    because:
      'names a cluster that only the reader has; test/scripts/demo/on-cluster and test/scripts/switch run the same against a playground',
  },
  {
    command: /^npm run demo -- --sweep 0s,1s,2s,5s,8s,12s,20s,30s/,
    because: 'takes 20 minutes; the workshop runs a part of it',
  },
  {
    command: /^npm run bench -- memory --full/,
    because: 'takes an hour; the same measurement for 3 minutes is `npm run bench -- memory`',
  },
  {
    command: /^npm run playground -- --mesh envoy/,
    because: 'needs a real Envoy; scripts/playground/test/envoy starts it where there is one',
  },
  {
    command: /^npm run (demo|playground) -- .*--live/,
    because: 'test/scripts/demo/live runs it in a Chromium',
  },
  {
    command: /^fortio\b|^go install fortio/,
    because: 'needs Go; test/matrix/load/fortio.test.ts runs it where there is one',
  },
];

export function exceptionFor(command: string): string | undefined {
  return exceptions.find((exception) => exception.command.test(command))?.because;
}
