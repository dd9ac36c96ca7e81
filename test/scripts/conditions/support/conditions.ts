/** The columns of the table: what a machine can be like around a command. */

export interface Condition {
  /** Goes before the command in a POSIX shell. */
  before?: string;
  /** Where its output goes instead of into a pipe that is read: redirections of the shell. */
  stdout?: string;
  stderr?: string;
  /** Pipes whose reader leaves before the command has written anything. */
  left?: readonly ('stdout' | 'stderr')[];
  /** The temp folder: one that nobody may write to, or one that everybody may. */
  temp?: 'read-only' | 'shared';
  /** Taken out of the environment. */
  unset?: readonly string[];
  /** Runs as a user id that the user database does not know. */
  nameless?: boolean;
}

export const conditions = {
  /** Nothing unusual: what the others are compared with. */
  ordinary: {},
  'stdout on a full disk': { stdout: '>/dev/full' },
  /** The file has 500 bytes and may have 512: the first write is cut. */
  'stdout in a file that may not grow': { before: 'ulimit -f 1', stdout: '>>"$GROWN"' },
  'stderr on a full disk': { stderr: '2>/dev/full' },
  'both on a full disk': { stdout: '>/dev/full', stderr: '2>&1' },
  'the reader of stdout left': { left: ['stdout'] },
  'the reader of stderr left': { left: ['stderr'] },
  'both readers left': { left: ['stdout', 'stderr'] },
  /** As on a full disk, for every file but the pipes of this test. */
  'no room in any file': { before: 'ulimit -f 0' },
  'a read-only temp folder': { temp: 'read-only' },
  'a temp folder that everybody shares': { temp: 'shared' },
  'no HOME': { unset: ['HOME'] },
  'a user id without a name or HOME': { nameless: true, unset: ['HOME', 'USER', 'LOGNAME'], temp: 'shared' },
  '64 open files': { before: 'ulimit -n 64' },
} satisfies Record<string, Condition>;

export type ConditionName = keyof typeof conditions;
export const conditionNames = Object.keys(conditions) as ConditionName[];
