/** A real Prometheus with one target, scraped twice a second. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '../../scripts/shared/wait.ts';
import { freePort } from './free-port.ts';

export const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

/** @param target the address whose page is scraped: `http://127.0.0.1:4000/metrics` */
export async function startPrometheus(target: string): Promise<{ url: string; close(): Promise<void> }> {
  const { host, pathname } = new URL(target);
  const folder = mkdtempSync(path.join(tmpdir(), 'prometheus-'));
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: {scrape_interval: 500ms, scrape_timeout: 400ms}
scrape_configs: [{job_name: proxy, metrics_path: '${pathname}', static_configs: [{targets: ['${host}']}]}]
`,
  );
  const port = await freePort();
  const server = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const gone = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const close = async () => {
    server.kill('SIGKILL');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    await waitFor(isReady, { deadlineMs: 30_000, intervalMs: 250, what: 'Prometheus' });
  } catch (error) {
    await close();
    throw error;
  }
  return { url, close };
}
