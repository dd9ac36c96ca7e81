/**
 * A playground as a process of its own, so that what it takes does not
 * count as the switch's. Nobody else hears of it.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../../shared/errors.ts';
import { loadTypeScript } from '../../shared/load-typescript.ts';
import { makeTempFolder, ownFolder } from '../../shared/own-folder.ts';
import { findRunningPlayground } from '../../shared/running-playground.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface PlaygroundProcess {
  pid: number;
  kubeconfig: string;
  gatewayUrl: string;
  /** Keeps a proxy from hearing of changes until it is thawed. */
  freeze(proxy: string): Promise<void>;
  thaw(proxy: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts an empty playground; rejects with what it said when it does not start. */
export async function startPlaygroundProcess(): Promise<PlaygroundProcess> {
  const folder = makeTempFolder('soak-');
  const kubeconfig = path.join(folder, 'kubeconfig');
  const child = spawn(
    process.execPath,
    [...loadTypeScript, 'scripts/playground/main.ts', '--empty', '--json', '--kubeconfig', kubeconfig],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // Its word to other commands and its state lie here and nowhere else.
        TMPDIR: folder,
        XDG_RUNTIME_DIR: '',
        // As if npm had started it: it ends when its parent is gone, however that came about.
        npm_lifecycle_event: 'playground',
      },
    },
  );
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { gatewayUrl } = await firstDocument(child);
    const control = findRunningPlayground(ownFolder({}, folder))?.controlUrl ?? '';
    const tell = async (action: string, proxy: string) => {
      const answer = await fetch(`${control}/${action}?proxy=${proxy}`, { method: 'POST' });
      if (!answer.ok)
        throw new CommandError(`the playground cannot ${action} ${proxy}: ${await answer.text()}`);
    };
    return {
      pid: child.pid ?? 0,
      kubeconfig,
      gatewayUrl,
      freeze: (proxy) => tell('freeze', proxy),
      thaw: (proxy) => tell('thaw', proxy),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function firstDocument(child: ReturnType<typeof spawn>): Promise<{ gatewayUrl: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-2000)));
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(JSON.parse(text) as { gatewayUrl: string });
    });
    child.once('close', () => reject(new CommandError(`the playground did not start:\n${said}`)));
  });
}
