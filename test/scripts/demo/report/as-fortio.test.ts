import { describe, expect, it } from '@jest/globals';
import { countAsFortio, describeFortio } from '../../../../scripts/demo/report/as-fortio.ts';
import { accountWith } from '../account.ts';

const noErrors = { refused: 0, unreachable: 0, reset: 0, closed: 0, truncated: 0, timeout: 0 };

describe('the same run as Fortio would count it', () => {
  it('hides what it sends again, and no more', () => {
    const account = accountWith({
      lost: 20,
      byStatus: { 201: 9_980, 503: 5 },
      byError: { ...noErrors, reset: 10, closed: 5 },
      onDeadConnection: 12,
    });
    expect(countAsFortio(account)).toMatchObject({ hidden: 12, errors: { min: 8, max: 20 } });
    expect(describeFortio(account)).toBe(
      'Fortio would have reported from 8 to 20 errors: 12 of the 20 lost requests met a kept-alive connection that was dead, and those it sends again, once, and counts by the second try alone.',
    );
  });

  it('is the same count where no connection was found dead', () => {
    const account = accountWith({ lost: 5, byStatus: { 201: 9_995, 503: 5 } });
    expect(countAsFortio(account).errors).toEqual({ min: 5, max: 5 });
    expect(describeFortio(account)).toContain('the same 5 errors');
    expect(describeFortio(accountWith({}))).toBe('Fortio would have counted the same: no errors.');
  });

  it('counts a status that is neither 2xx nor lost here as an error', () => {
    expect(countAsFortio(accountWith({ byStatus: { 201: 9_000, 304: 1_000 } })).errors.max).toBe(1_000);
  });
});
