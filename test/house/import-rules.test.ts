import { describe, expect, it } from '@jest/globals';
import { isTestOfPlayground, sourcesUnder, violations } from './sources.ts';

const services = sourcesUnder('services');
const scripts = sourcesUnder('scripts').filter(({ path }) => !isTestOfPlayground(path));

describe('who may know whom', () => {
  it('finds the sources it judges', () => {
    expect(services.length).toBeGreaterThan(5);
    expect(scripts.length).toBeGreaterThan(30);
    expect(violations(services, (target) => target === 'express').length).toBeGreaterThan(0);
  });

  it('keeps services and scripts apart', () => {
    expect(
      violations(services, (target) => target.startsWith('scripts/') || target.startsWith('test/')),
    ).toEqual([]);
    expect(
      violations(scripts, (target) => target.startsWith('services/') || target.startsWith('test/')),
    ).toEqual([]);
  });

  it('lets the kit know no service', () => {
    const kit = services.filter(({ path }) => /^services\/(graceful|shared)\//.test(path));
    expect(kit.length).toBeGreaterThan(15);
    expect(violations(kit, (target) => /^services\/(?!graceful\/|shared\/)/.test(target))).toEqual([]);
  });

  it('lets only the demo know the playground', () => {
    const others = scripts.filter(
      ({ path }) => !path.startsWith('scripts/playground/') && !path.startsWith('scripts/demo/'),
    );
    expect(
      violations(
        others,
        (target) => target.startsWith('scripts/playground/') || target.startsWith('scripts/demo/'),
      ),
    ).toEqual([]);
  });

  it('keeps @kubernetes/client-node behind the adapter in scripts/shared', () => {
    const others = [...services, ...scripts].filter(
      ({ path }) => !path.startsWith('scripts/shared/cluster/'),
    );
    expect(violations(others, (target) => target.startsWith('@kubernetes/client-node'))).toEqual([]);
  });

  it('listens by scripts/shared/listener alone, so that no request can end a process', () => {
    // The programs of the bench measure Node's own server, or stand
    // in, as the late network does, for something within one test run.
    const listening = /\bcreate(?:Secure)?Server\(|\bcreateServer\b/;
    const guilty = scripts
      .filter(({ path }) => !/^scripts\/(shared\/(listener|callers)|bench)\//.test(path))
      .filter(({ text }) => listening.test(withoutAsides(text)))
      .map(({ path }) => path);
    // HTTP/2 has no wrapper of its own: its server, sessions and streams are guarded where they are made.
    expect(guilty.filter((path) => path !== 'scripts/playground/mesh/data-plane/envoy/grpc.ts')).toEqual([]);
  });

  it('touches argv, env, signals and exit codes only in a main.ts', () => {
    const touching = /\bprocess\.(argv|env|exit|exitCode)\b|\bprocess\.(on|once)\(\s*'SIG/;
    const guilty = [...services, ...scripts]
      .filter(({ path }) => !path.endsWith('/main.ts') && !isProgramOfItsOwn(path))
      .filter(({ text }) => touching.test(withoutAsides(text)))
      .map(({ path }) => path);
    expect(guilty).toEqual([]);
  });
});

/**
 * Without comments, without the text of other programs (`node -e`),
 * and without handing one's environment on to a child.
 */
function withoutAsides(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    .replace(/`\s*(?:require\(|import |const )[^`]*`/g, '')
    .replace(/\.\.\.process\.env\b/g, '');
}

/**
 * Child programs of the playground are mains too, and the shim lives inside the pod's process. `run-main.ts`
 * is the one place that turns errors and signals into exit codes for every main: one for the scripts, one for
 * the services, whose kit adds what a second signal and an uncaught error do.
 */
function isProgramOfItsOwn(path: string): boolean {
  return (
    /-(main|program)\.ts$|\.cjs$/.test(path) ||
    /^(scripts|services)\/shared\/run-main\.ts$|^services\/graceful\/serve\.ts$/.test(path)
  );
}
