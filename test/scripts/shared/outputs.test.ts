import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { watchOutputs } from '../../../scripts/shared/outputs.ts';

/** An output that fails as a terminal that was hung up (EIO) does, or a disk, or a pipe. */
function failing(code: string, errno: number): NodeJS.WriteStream {
  const stream = new Writable({
    autoDestroy: false,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: write`), { code, errno })),
  });
  return stream as unknown as NodeJS.WriteStream;
}
const taking = (): NodeJS.WriteStream =>
  new Writable({ write: (_chunk, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;

describe('the outputs of a command', () => {
  it.each([
    ['EIO', -5],
    ['ENOSPC', -28],
    ['EPIPE', -32],
  ])('go on silently when stderr fails with %s', async (code, errno) => {
    const stderr = failing(code, errno);
    const outputs = watchOutputs(taking(), stderr);
    stderr.write('one');
    stderr.write('two');
    expect(await outputs.settled()).toBeUndefined();
  });

  it.each([
    ['EIO', -5, 'stdout: i/o error (EIO). The result is incomplete'],
    ['EDQUOT', -122, 'stdout: EDQUOT: write (EDQUOT). The result is incomplete'],
  ])('keep what kept the result from being written: %s', async (code, errno, message) => {
    const stdout = failing(code, errno);
    const outputs = watchOutputs(stdout, taking());
    stdout.write('one');
    expect((await outputs.settled())?.message).toContain(message);
    await expect(outputs.print('two', new AbortController().signal)).rejects.toThrow(message);
  });

  it('take a reader that left for nothing', async () => {
    const stdout = failing('EPIPE', -32);
    const outputs = watchOutputs(stdout, taking());
    await outputs.print('one', new AbortController().signal);
    expect(await outputs.settled()).toBeUndefined();
  });
});
