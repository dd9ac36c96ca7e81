import { type Check, integer, list, map, matching, object, oneOf, text } from './schema.ts';

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const label = matching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const host = matching(/^(\*|(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/);
const duration = matching(/^\d+(\.\d+)?(ms|s|m|h)$/);
const port = integer(1, 65_535);

const metadata = object({ name: label, 'labels?': map(text), 'annotations?': map(text) });

const istioObject = (kind: string, spec: Check): Check =>
  object({ apiVersion: oneOf('networking.istio.io/v1'), kind: oneOf(kind), metadata, spec });

/**
 * The part of Istio's API that the templates use: https://istio.io/latest/docs/reference/config/networking/
 */
export const istioSchemas: Record<string, Check> = {
  Gateway: istioObject(
    'Gateway',
    object({
      selector: map(text),
      servers: list(
        object({
          port: object({ number: port, name: label, protocol: oneOf('HTTP', 'HTTPS', 'HTTP2', 'GRPC') }),
          hosts: list(host),
        }),
      ),
    }),
  ),
  DestinationRule: istioObject(
    'DestinationRule',
    object({
      host,
      'trafficPolicy?': object({
        'connectionPool?': object({
          'tcp?': object({ 'maxConnections?': integer(1, 2 ** 31), 'connectTimeout?': duration }),
          'http?': object({ 'idleTimeout?': duration, 'maxRequestsPerConnection?': integer(0, 2 ** 31) }),
        }),
      }),
      'subsets?': list(object({ name: label, labels: map(text) })),
    }),
  ),
  VirtualService: istioObject(
    'VirtualService',
    object({
      hosts: list(host),
      gateways: list(label),
      http: list(
        object({
          name: label,
          'retries?': object({ attempts: integer(0, 2 ** 31 - 1) }),
          route: list(
            object({
              destination: object({ host, 'subset?': label, port: object({ number: port }) }),
              'weight?': integer(0, 100),
            }),
          ),
        }),
      ),
    }),
  ),
};
