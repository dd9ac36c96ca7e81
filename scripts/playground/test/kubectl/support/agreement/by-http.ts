import https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { kindNames, kinds, type Json } from './kinds.ts';

/** Every object of every kind, read by plain HTTP, page by page. */
export async function readByHttp(kubeconfig: string, namespace: string): Promise<Json[]> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const { server = '', caData = '' } = config.getCurrentCluster() ?? {};
  const options = {
    ca: Buffer.from(caData, 'base64'),
    headers: { authorization: `Bearer ${config.getCurrentUser()?.token ?? ''}` },
  };
  const items: Json[] = [];
  for (const kind of kindNames) {
    const { apiVersion, plural } = kinds[kind];
    const path = `${apiVersion === 'v1' ? '/api' : '/apis'}/${apiVersion}/namespaces/${namespace}/${plural}`;
    let next: string | undefined = '';
    while (next !== undefined) {
      const page: { items: Json[]; metadata: { continue?: string } } = await ask(
        `${server}${path}?limit=4&continue=${next}`,
        options,
      );
      items.push(...page.items.map((item) => ({ ...item, apiVersion, kind })));
      next = page.metadata.continue;
    }
  }
  return items;
}

function ask<T>(url: string, options: https.RequestOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = https.get(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(JSON.parse(text) as T));
    });
    request.on('error', reject);
  });
}
