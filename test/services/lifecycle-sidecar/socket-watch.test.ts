import { describe, expect, it } from '@jest/globals';
import { countSockets, createSocketWatch } from '../../../services/lifecycle-sidecar/socket-watch.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (port: string, state: string, local = '00000000') =>
  `   0: ${local}:${port} 0100007F:D2F0 ${state} 00000000:00000000 00:00000000 00000000     0        0 9 1\n`;
const listening = head + row('1F90', '0A');

describe('the kernel tables', () => {
  it.each([
    ['an established connection', row('1F90', '01'), 1],
    ['a connection that is being made', row('1F90', '03'), 1],
    ['a connection that only waits for its time to pass', row('1F90', '06'), 0],
    ['a connection its caller has closed', row('1F90', '08'), 0],
    ['a connection to another port', row('1F91', '01'), 0],
  ])('count %s', (_what, line, open) => {
    expect(countSockets([listening + line], 8080)).toEqual({ listening: true, open });
  });

  it('count IPv6 too', () => {
    const six =
      head + row('1F90', '0A', '0'.repeat(32)) + row('1F90', '01', '0000000000000000FFFF00000100007F');
    expect(countSockets([head, six], 8080)).toEqual({ listening: true, open: 1 });
  });
});

describe('watching sockets', () => {
  it('is busy while there is a connection, remembers when there last was one, and sees the end', async () => {
    const clock = createManualClock();
    let table = listening + row('1F90', '01');
    const watch = createSocketWatch({ appPort: 8080, clock, readTables: () => Promise.resolve([table]) });
    const busyAt = clock.now();
    expect(await watch.look()).toEqual({ app: 'serving', activity: { active: 1, lastAt: busyAt } });
    table = listening;
    await clock.advance(500);
    expect(await watch.look()).toEqual({ app: 'serving', activity: { active: 0, lastAt: busyAt } });
    table = head;
    expect(await watch.look()).toEqual({ app: 'gone' });
  });

  it('does not work where there are no tables', async () => {
    const readTables = () => Promise.reject(new Error('no /proc here'));
    const watch = createSocketWatch({ appPort: 8080, clock: createManualClock(), readTables });
    expect(await watch.works()).toBe(false);
    expect(await watch.look()).toEqual({ app: 'unknown', reason: 'no /proc here' });
  });
});
