/** Fetches kubectl and helm into the cache: `npx tsx test/support/tools/fetch-tools-program.ts`. */
import { findTools } from './tools.ts';

const tools = await findTools();
process.stdout.write(`${typeof tools === 'string' ? tools : `${tools.kubectl}\n${tools.helm}`}\n`);
