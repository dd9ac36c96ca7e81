import config from './jest.config.js';

export default {
  ...config,
  roots: ['<rootDir>/test/matrix'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
};
