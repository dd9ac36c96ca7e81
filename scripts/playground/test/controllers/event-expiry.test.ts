import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startControllers } from '../../controllers/index.ts';
import { createEventRecorder } from '../../events.ts';
import { createStore } from '../../storage/store.ts';
import type { KubeObject, ObjectStore } from '../../storage/types.ts';

let store: ObjectStore;
let controllers: { close(): void };
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  store = createStore();
  controllers = startControllers(store);
});
afterEach(() => {
  controllers.close();
  jest.useRealTimers();
});

const messages = (): unknown[] => store.list('v1/events', {}).map((event) => event['message']);
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function tell(about: KubeObject, message: string): void {
  createEventRecorder(store, 'test').record(about, { type: 'Normal', reason: 'Told', message });
}

describe('events', () => {
  const about = (): KubeObject =>
    store.create('v1/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'subject', namespace: 'default' },
    });

  it('go an hour after they last happened', async () => {
    const subject = about();
    tell(subject, 'first');
    jest.advanceTimersByTime(30 * 60_000);
    tell(subject, 'second');
    await settle();
    jest.advanceTimersByTime(32 * 60_000);
    expect(messages()).toEqual(['second']);
    jest.advanceTimersByTime(30 * 60_000);
    expect(messages()).toEqual([]);
  });

  it('do not fill the memory: of very many the oldest go', async () => {
    const subject = about();
    for (let number = 1; number <= 5_010; number += 1) tell(subject, `event ${number}`);
    await settle();
    const left = messages();
    expect(left).toHaveLength(5_000);
    expect(left).toContain('event 5010');
    expect(left).not.toContain('event 10');
  });
});
