import config from './jest.config.js';

export default {
  ...config,
  roots: ['<rootDir>/scripts/playground/test/matrix'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
};
