import { describe, expect, it } from '@jest/globals';
import { createLog } from '../../../services/shared/log.ts';
import { hostile, invisible, nasty } from '../../support/hostile.ts';

describe('a log line', () => {
  it('says what callers and servers chose as text, and as the same values when parsed', () => {
    let line = '';
    const log = createLog({ level: 'info', always: { pod: nasty }, write: (text) => (line = text) });
    const fields = { path: hostile.join(''), [nasty]: nasty };
    log.info('request failed', fields);
    expect(line.endsWith('\n')).toBe(true);
    expect(line.trimEnd()).not.toContain('\n');
    expect(line).not.toMatch(invisible);
    expect(JSON.parse(line)).toMatchObject({ msg: 'request failed', pod: nasty, ...fields });
  });
});
