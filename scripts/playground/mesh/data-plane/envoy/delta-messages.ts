import { fieldsOf, Writer } from './protobuf/wire.ts';

/**
 * What a proxy says on its delta stream: what it wants, what it no
 * longer wants, and what it thinks of the last answer.
 */
export interface DeltaRequest {
  /** Only in a stream's first message. */
  nodeId?: string;
  typeUrl: string;
  subscribe: string[];
  unsubscribe: string[];
  /** The answer it confirms; empty when it only asks. */
  nonce: string;
  /** Why it rejects that answer. */
  error?: string;
}

export interface DeltaResponse {
  typeUrl: string;
  nonce: string;
  version: string;
  /** By name, each a `google.protobuf.Any`. */
  resources: [string, Buffer][];
  removed: string[];
}

/** `envoy.service.discovery.v3.DeltaDiscoveryRequest` */
export function readDeltaRequest(message: Buffer): DeltaRequest {
  const request: DeltaRequest = { typeUrl: '', subscribe: [], unsubscribe: [], nonce: '' };
  for (const { number, value } of fieldsOf(message)) {
    if (typeof value === 'bigint') continue;
    if (number === 1) request.nodeId = textField(value, 1) ?? '';
    else if (number === 2) request.typeUrl = value.toString();
    else if (number === 3) request.subscribe.push(value.toString());
    else if (number === 4) request.unsubscribe.push(value.toString());
    else if (number === 6) request.nonce = value.toString();
    // google.rpc.Status: a code and a message.
    else if (number === 7) request.error = textField(value, 2) ?? 'rejected without a reason';
  }
  return request;
}

function textField(message: Buffer, wanted: number): string | undefined {
  for (const { number, value } of fieldsOf(message)) {
    if (number === wanted && typeof value !== 'bigint') return value.toString();
  }
  return undefined;
}

/**
 * `envoy.service.discovery.v3.DeltaDiscoveryResponse`. As istiod, it gives no resource a version of its own.
 */
export function writeDeltaResponse({ typeUrl, nonce, version, resources, removed }: DeltaResponse): Buffer {
  const writer = new Writer();
  writer.bytes(1, version);
  for (const [name, any] of resources) {
    const resource = new Writer();
    resource.bytes(2, any);
    resource.bytes(3, name);
    writer.bytes(2, resource.finish());
  }
  writer.bytes(4, typeUrl);
  writer.bytes(5, nonce);
  for (const name of removed) writer.bytes(6, name);
  return writer.finish();
}
