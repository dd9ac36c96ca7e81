import { open, type FileHandle } from 'node:fs/promises';
import { pause } from '../../../shared/wait.ts';

/** A line of the switch's journal (`scripts/switch/command/journal.ts`). */
export interface JournalEvent {
  time: string;
  event: 'begin' | 'step' | 'progress' | 'done' | 'failed' | 'note' | 'end';
  title?: string;
  text?: string;
  detail?: string;
}

const everyMs = 100;

/**
 * Reads each line of a journal as it is written, until `ended`
 * resolves and the rest is read. The file need not exist yet.
 */
export async function followJournal(
  file: string,
  tell: (event: JournalEvent) => void,
  ended: Promise<unknown>,
): Promise<void> {
  const state = { isOver: false };
  const finish = (): void => void (state.isOver = true);
  const over = ended.then(finish, finish);
  let handle: FileHandle | undefined;
  const buffer = Buffer.alloc(65_536);
  let offset = 0;
  let rest = '';
  try {
    for (;;) {
      // Check before reading, so that everything written before the end is read.
      const isLast = state.isOver;
      handle ??= await open(file, 'r').catch(() => undefined);
      for (;;) {
        const { bytesRead } = (await handle?.read(buffer, 0, buffer.length, offset)) ?? { bytesRead: 0 };
        if (bytesRead === 0) break;
        offset += bytesRead;
        const lines = `${rest}${buffer.toString('utf8', 0, bytesRead)}`.split('\n');
        rest = lines.pop() ?? '';
        for (const event of lines.map(readEvent)) if (event) tell(event);
      }
      if (isLast) return;
      await Promise.race([pause(everyMs), over]);
    }
  } finally {
    await handle?.close();
  }
}

/** Undefined for half a line, which a full disk leaves. */
function readEvent(line: string): JournalEvent | undefined {
  try {
    return JSON.parse(line) as JournalEvent;
  } catch {
    return undefined;
  }
}
