export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // The long matrices (a kill or a fault at every single point) run by `npm run test:matrix`.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/matrix/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/test/support/esbuild-transform.js' },
  testTimeout: 30_000,
  // Real processes and a playground per file: two cores serve two workers at most.
  maxWorkers: 2,
};
