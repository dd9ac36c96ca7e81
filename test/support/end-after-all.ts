import { afterAll } from '@jest/globals';

/**
 * For what a file's `beforeAll` opens: each part is ended after the last test,
 * the latest first. A `beforeAll` that fails half-way leaves nothing open,
 * which would keep the process from ending; neither does one end that fails.
 */
export function endAfterAll(): (end: () => unknown) => void {
  const ends: (() => unknown)[] = [];
  afterAll(async () => {
    const failures: unknown[] = [];
    for (const end of ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
  });
  return (end) => void ends.push(end);
}
