import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { userName } from '../../../scripts/shared/user.ts';
import { VICTIM, whyNoTwoUsers } from '../../support/two-users.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const program = `import { homeFolder, userName } from './scripts/shared/user.ts';
  console.log(JSON.stringify({ name: userName(), home: homeFolder() ?? null }))`;

function asked(options: { uid?: number; HOME?: string }): unknown {
  const { HOME, uid } = options;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', './load-typescript.mjs', '--input-type=module', '--eval', program],
    {
      cwd: root,
      env: { PATH: process.env['PATH'], ...(HOME === undefined ? {} : { HOME }) },
      encoding: 'utf8',
      ...(uid === undefined ? {} : { uid, gid: uid }),
    },
  );
  return stderr === '' ? JSON.parse(stdout) : stderr;
}

const why = whyNoTwoUsers();

describe('who runs a command', () => {
  it('is said by the name in the user database', () => {
    expect(userName()).toBe(userInfo().username);
  });

  it('has the home folder that HOME names, and none where that is no absolute path', () => {
    expect(asked({ HOME: '/home/somebody' })).toMatchObject({ home: '/home/somebody' });
    expect(asked({ HOME: 'somewhere' })).toMatchObject({ home: null });
    expect(asked({ HOME: '' })).toMatchObject({ home: null });
  });

  (why === undefined ? it : it.skip)(
    `is called uid-N, and has no home, where the user database has no entry${why === undefined ? '' : ` (${why})`}`,
    () => {
      expect(asked({ uid: VICTIM })).toEqual({ name: `uid-${VICTIM}`, home: null });
    },
  );
});
