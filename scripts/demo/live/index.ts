/** The live page for whoever runs a cluster: the demo, and `npm run playground -- --live`. It knows neither of them. */
export { openStage, type Stage } from './stage/stage.ts';
export type { StagePlayground } from './stage/context.ts';
