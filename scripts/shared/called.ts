/**
 * How a command was started, and so how the next one is typed: by npm
 * in a repository, or as a tool that is installed elsewhere.
 */
import path from 'node:path';

/** How a command is typed, for what its messages suggest. */
export interface Called {
  /** What stands before the flags. */
  as: string;
  /** The default of `--app`. */
  app: string;
}

/** In this repository. */
export const calledHere: Called = { as: 'npm run switch --', app: 'coffee-shop' };

export interface Start {
  /** The script as node was told it: `process.argv[1]`. */
  script: string | undefined;
  env: NodeJS.ProcessEnv;
}

/**
 * What stands before the flags: `npm run switch --`, `zero-downtime-switch`,
 * `npx zero-downtime-switch` or `kubectl zero-downtime switch`.
 * @param name the command's: `switch`
 */
export function calledAs(name: string, { script = '', env }: Start): string {
  const program = path.basename(script, '.js');
  if (program === 'kubectl-zero_downtime') return `kubectl zero-downtime ${name}`;
  const event = env['npm_lifecycle_event'];
  if (program !== `zero-downtime-${name}` || event === name) return `npm run ${name} --`;
  return event === 'npx' ? `npx ${program}` : program;
}

/** A text that says how the command is typed in this repository, as it is typed where it was started. */
export function asCalled(text: string, name: string, start: Start): string {
  return text.replaceAll(`npm run ${name} --`, calledAs(name, start));
}
