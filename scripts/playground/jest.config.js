import config from '../../jest.config.js';

/** `npm test --workspace scripts/playground`: what the repository's tests run with, on the package's own. */
export default {
  ...config,
  rootDir: '../..',
  roots: ['<rootDir>/scripts/playground/test'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/scripts/playground/test/matrix/'],
};
