import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createStore } from '../../../../storage/store.ts';
import { StatusError } from '../../../../apiserver/status-error.ts';

/**
 * Objects offered to a real API server with istiod's webhook, and its
 * answers (Istio 1.31-dev, Kubernetes 1.36.4).
 */
interface Case {
  case: string;
  kind: string;
  spec: Record<string, unknown>;
  status: number;
  message?: string;
}

const file = new URL('../../../fixtures/kubernetes/istio-webhook-answers.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] };
const PLURALS: Record<string, string> = {
  VirtualService: 'virtualservices',
  DestinationRule: 'destinationrules',
  Gateway: 'gateways',
};

describe('Istio objects', () => {
  it.each(cases)('are judged as istiod judges them: $case', ({ kind, spec, status, message }) => {
    const store = createStore();
    const create = () => {
      const object = {
        apiVersion: 'networking.istio.io/v1',
        kind,
        metadata: { name: 'bad', namespace: 'default' },
        spec,
      };
      try {
        store.create(`networking.istio.io/v1/${String(PLURALS[kind])}`, object);
        return { status: 201 };
      } catch (error) {
        if (error instanceof StatusError) return { status: error.code, message: error.message };
        throw error;
      }
    };
    expect(create()).toEqual({ status, ...(message === undefined ? {} : { message }) });
  });
});
