import { objectsOf } from '../defaults/pod.ts';
import { isObject, type JsonObject } from '../../../storage/json.ts';
import { StatusError } from '../../status-error.ts';

/**
 * What istiod's validating webhook refuses, in its words (recorded
 * from Istio 1.31-dev). It reports the first fault it finds.
 */

const deny = (why: string): never => {
  throw new StatusError(
    400,
    '',
    `admission webhook "validation.istio.io" denied the request: configuration is invalid: ${why}`,
  );
};

/** How Go prints one error of a list. */
const denyOne = (why: string): never => deny(`1 error occurred:\n\t* ${why}\n\n`);

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});
const stringsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

/** @throws a 400 Status when istiod would refuse the object */
export function admitIstio(kind: string, object: JsonObject): void {
  const spec = objectOf(object['spec']);
  if (kind === 'VirtualService') admitVirtualService(spec);
  else if (kind === 'DestinationRule') admitDestinationRule(spec);
  else if (kind === 'Gateway') admitGateway(spec);
}

function admitVirtualService(spec: JsonObject): void {
  const hosts = stringsOf(spec['hosts']);
  const gateways = stringsOf(spec['gateways']);
  const isForMesh = gateways.length === 0 || gateways.includes('mesh');
  if (isForMesh && hosts.includes('*'))
    deny('wildcard host * is not allowed for virtual services bound to the mesh gateway');
  const twice = hosts.find((host, index) => hosts.indexOf(host) !== index);
  if (twice !== undefined) deny(`duplicate hosts in virtual service: ${twice} & ${twice}`);
  const http = objectsOf(spec['http']);
  if (http.length + objectsOf(spec['tcp']).length + objectsOf(spec['tls']).length === 0 && hosts.length > 0) {
    deny('http, tcp or tls must be provided in virtual service');
  }
  http.forEach(admitHttpRoute);
}

function admitHttpRoute(rule: JsonObject): void {
  const routes = objectsOf(rule['route']);
  if (
    routes.length === 0 &&
    !isObject(rule['redirect']) &&
    !isObject(rule['directResponse']) &&
    !isObject(rule['delegate'])
  ) {
    deny('HTTP route, redirect or direct_response is required');
  }
  for (const match of objectsOf(rule['match'])) admitRegexes(match);
  admitRetries(objectOf(rule['retries']));
  let total = 0;
  for (const route of routes) {
    const port = objectOf(objectOf(route['destination'])['port'])['number'];
    if (typeof port === 'number' && (port < 1 || port > 65_535))
      deny(`port number ${port} must be in the range 1..65535`);
    const weight = typeof route['weight'] === 'number' ? route['weight'] : 0;
    if (weight < 0) deny(`weight ${weight} < 0`);
    total += weight;
  }
  if (routes.length > 1 && total === 0) deny('total destination weight = 0');
}

function admitRegexes(match: JsonObject): void {
  for (const field of ['uri', 'scheme', 'method', 'authority']) {
    const pattern = objectOf(match[field])['regex'];
    if (typeof pattern !== 'string') continue;
    try {
      new RegExp(pattern);
    } catch {
      deny(
        `"${field}": error parsing regexp: missing closing ): \`${pattern}\`; Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)`,
      );
    }
  }
}

/**
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
 */
const RETRY_ON = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

function admitRetries(retries: JsonObject): void {
  const { attempts, retryOn } = retries;
  if (typeof attempts === 'number' && attempts < 0) denyOne('attempts cannot be negative');
  if (typeof retryOn !== 'string') return;
  const unknown = retryOn
    .split(',')
    .map((one) => one.trim())
    .find((one) => one !== '' && !RETRY_ON.has(one) && !/^\d{3}$/.test(one));
  if (unknown !== undefined) deny(`"${unknown}" is not a valid retryOn policy`);
}

const SUBSET_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const TAG_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

function admitDestinationRule(spec: JsonObject): void {
  admitTrafficPolicy(objectOf(spec['trafficPolicy']));
  const names = new Set<string>();
  for (const subset of objectsOf(spec['subsets'])) {
    const name = typeof subset['name'] === 'string' ? subset['name'] : '';
    if (!SUBSET_NAME.test(name)) deny(`subset name is invalid: ${name}`);
    for (const value of Object.values(objectOf(subset['labels']))) {
      if (typeof value === 'string' && !TAG_VALUE.test(value))
        denyOne(`invalid tag value: ${JSON.stringify(value)}`);
    }
    admitTrafficPolicy(objectOf(subset['trafficPolicy']));
    if (names.has(name)) deny(`duplicate subset names: ${name}`);
    names.add(name);
  }
}

function admitTrafficPolicy(policy: JsonObject): void {
  const outliers = objectOf(policy['outlierDetection']);
  for (const field of ['maxEjectionPercent', 'minHealthPercent']) {
    const percent = outliers[field];
    if (typeof percent === 'number' && (percent < 0 || percent > 100))
      deny(`percentage ${percent} is not in range 0..100`);
  }
}

const PROTOCOLS = ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'MONGO', 'REDIS', 'MYSQL', 'TCP'];
const TLS_PROTOCOLS = ['HTTPS', 'TLS'];

function admitGateway(spec: JsonObject): void {
  const servers = objectsOf(spec['servers']);
  if (servers.length === 0) deny('gateway must have at least one server');
  for (const server of servers) {
    const protocol = objectOf(server['port'])['protocol'];
    if (typeof protocol === 'string' && ![...PROTOCOLS, ...TLS_PROTOCOLS].includes(protocol.toUpperCase())) {
      deny(`invalid protocol "${protocol}", supported protocols are ${PROTOCOLS.join(', ')}`);
    }
  }
}
