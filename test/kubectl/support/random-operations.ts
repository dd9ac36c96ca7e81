/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- client-node takes plain objects where its models are classes */
import { request as httpsRequest } from 'node:https';
import { CoreV1Api, KubeConfig, setHeaderOptions } from '@kubernetes/client-node';
import { readFileSync } from 'node:fs';
import type { Bench } from './matrix.ts';

/** A small repeatable source of chance. */
export function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const NAMES = Array.from({ length: 12 }, (_, index) => `m${index}`);
const MERGE = setHeaderOptions('Content-Type', 'application/merge-patch+json');

/**
 * Creates, changes and deletes ConfigMaps at random through the client library, and keeps a model of what must be there.
 *
 * @returns name -> data
 */
export async function doRandomly(
  bench: Bench,
  count: number,
  seed: number,
): Promise<Map<string, Record<string, string>>> {
  const config = new KubeConfig();
  config.loadFromFile(bench.playground.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const pick = chance(seed);
  const model = new Map<string, Record<string, string>>();
  const namespace = 'default';
  for (let i = 0; i < count; i += 1) {
    const name = NAMES[pick(NAMES.length)] ?? '';
    const data = { [`k${pick(4)}`]: `v${i}` };
    const known = model.get(name);
    const metadata = { name };
    if (known === undefined) {
      await core.createNamespacedConfigMap({ namespace, body: { metadata, data } });
      model.set(name, data);
      continue;
    }
    const what = pick(4);
    if (what === 0) {
      await core.deleteNamespacedConfigMap({ namespace, name });
      model.delete(name);
    } else if (what === 1) {
      await core.replaceNamespacedConfigMap({ namespace, name, body: { metadata, data } });
      model.set(name, data);
    } else {
      await core.patchNamespacedConfigMap({ namespace, name, body: { data } }, MERGE);
      model.set(name, { ...known, ...data });
    }
  }
  return model;
}

interface ConfigMaps {
  items: { metadata: { name: string }; data?: Record<string, string> }[];
}

const dataOf = (list: ConfigMaps): Record<string, Record<string, string>> =>
  Object.fromEntries(
    list.items
      .filter(({ metadata }) => NAMES.includes(metadata.name))
      .map(({ metadata, data = {} }) => [metadata.name, data]),
  );

/** What kubectl reads. */
export async function readByKubectl(bench: Bench): Promise<Record<string, Record<string, string>>> {
  const { stdout } = await bench.kubectl(['get', 'configmaps', '-n', 'default', '-o', 'json']);
  return dataOf(JSON.parse(stdout) as ConfigMaps);
}

/** What plain HTTP reads, page by page. */
export async function readByHttp(bench: Bench): Promise<Record<string, Record<string, string>>> {
  const config = new KubeConfig();
  config.loadFromString(readFileSync(bench.playground.kubeconfig, 'utf8'));
  const { server = '', caData = '' } = config.getCurrentCluster() ?? {};
  const token = config.getCurrentUser()?.token ?? '';
  const items: ConfigMaps['items'] = [];
  let next: string | undefined = '';
  while (next !== undefined) {
    const page: ConfigMaps & { metadata: { continue?: string } } = await readJson(
      `${server}/api/v1/namespaces/default/configmaps?limit=5&continue=${next}`,
      Buffer.from(caData, 'base64'),
      token,
    );
    items.push(...page.items);
    next = page.metadata.continue;
  }
  return dataOf({ items });
}

function readJson<T>(url: string, ca: Buffer, token: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { ca, headers: { authorization: `Bearer ${token}` } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(JSON.parse(text) as T));
    });
    request.on('error', reject);
    request.end();
  });
}
