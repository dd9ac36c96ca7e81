import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { RandomCase } from './random-templates.ts';

/**
 * Go's own text/template, compiled to WebAssembly. Only comparisons
 * use it, so it is no dependency of the project.
 */
const ORACLE = '@evertdespiegeleer/go-template';
const ORACLE_VERSION = '1.0.2';
export const ORACLE_NAME = `${ORACLE} ${ORACLE_VERSION} (Go's text/template as WebAssembly)`;

const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));

/** How long the oracle may take for a whole batch, in milliseconds. */
const DEADLINE_MS = 120_000;

export type OracleAnswer = { output: string; ms: number } | { error: string };

/**
 * Installs the oracle where no other user can put one, once. Answers
 * its main file, or undefined without a registry.
 */
export async function installOracle(
  folder = join(cache, `go-template-oracle-${ORACLE_VERSION}`),
): Promise<string | undefined> {
  const main = join(folder, 'node_modules', ORACLE, 'dist/main.js');
  if (existsSync(main)) return main;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    mkdirSync(folder, { recursive: true });
    await promisify(execFile)(npm, [...args, `${ORACLE}@${ORACLE_VERSION}`], { timeout: DEADLINE_MS });
  } catch {
    return undefined;
  }
  return existsSync(main) ? main : undefined;
}

// Runs apart, because Go's runtime takes over globals and a loop in it could not be stopped from inside.
const CHILD = `
const { parse } = await import(process.argv[1]);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
await parse('', {});
const answers = [];
for (const { template, values } of JSON.parse(Buffer.concat(chunks).toString())) {
  const start = performance.now();
  try {
    const output = await parse(template, values);
    answers.push({ output, ms: performance.now() - start });
  } catch (error) {
    answers.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(answers));
`;

/** What Go makes of each case. */
export async function askOracle(main: string, cases: readonly RandomCase[]): Promise<OracleAnswer[]> {
  const args = ['--input-type=module', '-e', CHILD, '--', pathToFileURL(main).href];
  return new Promise((resolve, reject) => {
    const options = { timeout: DEADLINE_MS, maxBuffer: 2 ** 28 };
    const child = execFile(process.execPath, args, options, (error, stdout) => {
      if (error !== null) reject(new Error(`the oracle failed: ${error.message}`, { cause: error }));
      else resolve(JSON.parse(stdout) as OracleAnswer[]);
    });
    child.stdin?.end(JSON.stringify(cases));
  });
}
