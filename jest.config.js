export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // only here
  // `npm run test:stories`: more stories of each kind. `npm run
  // test:matrix`: a kill or a fault at every single point.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/(matrix|stories)/'],
  // end of only here
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/test/support/esbuild-transform.js' },
  // Not in the temp folder: what is cached is run, and somebody else may have made that folder first.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  globalSetup: '<rootDir>/test/support/global-setup.js',
  testTimeout: 30_000,
  // Real processes in many files: two cores serve two workers at most.
  maxWorkers: 2,
  // Modules of a test file are never freed by Node's vm
  // (https://github.com/jestjs/jest/issues/11956): a worker that holds a gigabyte of
  // them takes longer to end than jest waits for. Another takes its place before that.
  workerIdleMemoryLimit: '600MB',
};
