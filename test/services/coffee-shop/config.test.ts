import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../../services/coffee-shop/config.ts';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    return (error as { problems: readonly string[] }).problems;
  }
}

describe('the configuration', () => {
  it('needs no environment at all', () => {
    expect(readConfig({})).toMatchObject({
      port: 8080,
      adminPort: 9090,
      shutdown: 'drain',
      drain: { minMs: 5_000, quietMs: 2_000, deadlineMs: 20_000 },
      inFlightDeadlineMs: 10_000,
      announce: true,
      waitUntilQuiet: true,
      faults: false,
    });
  });

  it('reads what the environment says', () => {
    const config = readConfig({
      PORT: '81',
      VERSION: 'v2',
      POD_NAME: 'coffee-2',
      SHUTDOWN: 'naive',
      DRAIN_MIN_MS: '0',
    });
    expect(config).toMatchObject({
      port: 81,
      version: 'v2',
      pod: 'coffee-2',
      shutdown: 'naive',
      drain: { minMs: 0 },
    });
  });

  it('takes an empty value for one that is not set', () => {
    expect(readConfig({ PORT: '' }).port).toBe(8080);
  });

  it.each([
    [{ PORT: '80a' }, 'PORT must be an integer from 0 to 65535, got "80a".'],
    [{ PORT: '65536' }, 'PORT must be an integer from 0 to 65535, got "65536".'],
    [{ PORT: '-1' }, 'PORT must be an integer from 0 to 65535, got "-1".'],
    [{ ADMIN_PORT: '8080' }, 'PORT and ADMIN_PORT must differ, both are 8080.'],
    [{ SHUTDOWN: 'fast' }, 'SHUTDOWN must be drain or naive, got "fast".'],
    [{ DRAIN_ANNOUNCE: 'yes' }, 'DRAIN_ANNOUNCE must be on or off, got "yes".'],
    [{ DRAIN_QUIET_MS: '2s' }, 'DRAIN_QUIET_MS must be an integer from 0 to 3600000, got "2s".'],
    [{ DRAIN_DEADLINE_MS: '10' }, 'DRAIN_DEADLINE_MS must be at least DRAIN_MIN_MS (5000), got 10.'],
    [{ VERSION: 'v1\r\nx: y' }, 'VERSION must be letters, digits, ".", "_" and "-", got "v1\\r\\nx: y".'],
    [{ HOST: 'not an address' }, 'HOST must be an address, got "not an address".'],
    [
      { HEADERS_TIMEOUT_MS: '40000' },
      'HEADERS_TIMEOUT_MS must not exceed REQUEST_TIMEOUT_MS (30000), got 40000.',
    ],
  ])('refuses %j', (environment, problem) => {
    expect(problemsOf(environment as Record<string, string>)).toEqual([problem]);
  });

  it('names every bad value, not only the first', () => {
    expect(problemsOf({ PORT: 'x', SHUTDOWN: 'y', LOG_LEVEL: 'z' })).toHaveLength(3);
  });
});
