import config from './jest.config.js';

/** `npm run test:stories`: what `npm test` has one story of, in all its variants. */
export default {
  ...config,
  roots: ['<rootDir>/test/stories'],
  testPathIgnorePatterns: ['/node_modules/'],
};
