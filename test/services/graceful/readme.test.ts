/**
 * The examples of services/graceful/README.md, each as it stands
 * there, as a process that is asked while it ends.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../support/free-port.ts';
import { openRaw } from '../../support/raw-http.ts';
import { bundle, killLeftovers, startProcess, type ServiceProcess } from '../../support/service-process.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const readme = readFileSync(path.join(root, 'services/graceful/README.md'), 'utf8');
const examples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);

const files: string[] = [];
afterEach(killLeftovers);
afterAll(() => {
  for (const file of files) rmSync(file, { force: true });
});

/** Beside package.json, since the examples import from there. */
function startExample(code: string, env: Record<string, string>): ServiceProcess {
  const file = path.join(root, `.example-${process.pid}-${files.length}.ts`);
  files.push(file);
  writeFileSync(file, code);
  const program = bundle(file);
  rmSync(file);
  return startProcess('node', [program], env);
}

const request = 'GET / HTTP/1.1\r\nHost: example\r\n\r\n';

/** Asks on a connection of its own each time, for `ms`. */
async function askFor(ms: number, port: number): Promise<string[]> {
  const answers: string[] = [];
  for (const until = performance.now() + ms; performance.now() < until;) {
    const caller = openRaw(port);
    caller.send(request);
    answers.push(await caller.closed);
  }
  return answers;
}

const env = {
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_PORT: '0',
  VERSION: 'v1',
  POD_NAME: 'pod-1',
  DRAIN_MIN_MS: '1500',
  DRAIN_QUIET_MS: '100',
};

describe('an example of the README', () => {
  it('is there for Express and for node:http, in three lines at most', () => {
    expect(examples).toHaveLength(2);
    for (const code of examples) expect(code.split('\n').filter(Boolean).length).toBeLessThanOrEqual(3);
  });

  it.each(examples)('answers everybody after SIGTERM, and exits with 0: %j', async (code) => {
    const service = startExample(code, env);
    const { port } = await service.event('listening');
    await service.event('ready');
    service.signal('SIGTERM');
    await service.event('draining');
    const answers = await askFor(500, Number(port));
    expect(answers.length).toBeGreaterThan(10);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*hello/);
      expect(answer).toMatch(/^x-version: v1\r$/im);
      expect(answer).toMatch(/^connection: close\r$/im);
    }
    expect(await service.exited).toBe(0);
    expect(service.events.at(-1)).toMatchObject({ msg: 'closed', drained: 'quiet' });
  });

  it('is needed: the same listener without the kit answers nobody after SIGTERM', async () => {
    const port = await freePort();
    const code = `require('node:http').createServer((_request, response) => response.end('hello')).listen(${port}, '127.0.0.1', () => console.log('{"msg":"listening"}'));`;
    const service = startProcess('node', ['-e', code]);
    await service.event('listening');
    service.signal('SIGTERM');
    expect(await service.exited).toBe('SIGTERM');
    const caller = openRaw(port);
    caller.send(request);
    expect(await caller.closed.catch(() => 'refused')).not.toContain('hello');
  });
});
