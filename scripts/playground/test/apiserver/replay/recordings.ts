import { readFileSync } from 'node:fs';

/** One request that a real kube-apiserver v1.36.4 was asked, and what it answered. */
export interface Exchange {
  name: string;
  request: { method: string; path: string; headers?: Record<string, string>; body?: unknown };
  response: {
    status?: number;
    body?: unknown;
    headers?: Record<string, string>;
    /** Watches: what came before the end. */
    events?: unknown[];
    /** There was no HTTP answer at all. */
    connection?: string;
  };
}

/** In the order they were asked: what one file leaves behind is what the next one begins with. */
export const RECORDINGS = [
  'discovery',
  'discovery-aggregated',
  'openapi',
  'errors',
  'watch-errors',
  'patches',
  'server-side-apply',
  'tables',
  'crd-istio',
  'watch-protocol',
  'subresources',
  'leases',
  'policy',
  'portforward',
] as const;

export type RecordingName = (typeof RECORDINGS)[number];

export function readRecording(name: RecordingName): Exchange[] {
  const file = new URL(`../../fixtures/kubernetes/requests/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Exchange[] }).exchanges;
}
