import { type Check, integer, list, map, matching, object, oneOf, text } from './schema.ts';

const label = matching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
/** Gateway API's Hostname: no address. */
const hostname = matching(/^(\*\.)?(?![0-9.]+$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
const port = integer(1, 65_535);
const metadata = object({ name: label, 'labels?': map(text), 'annotations?': map(text) });

const gatewayApiObject = (kind: string, spec: Check): Check =>
  object({ apiVersion: oneOf('gateway.networking.k8s.io/v1'), kind: oneOf(kind), metadata, spec });

/**
 * The part of Gateway API that the templates use. `retry` is of its experimental channel.
 * https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/
 */
export const gatewayApiSchemas: Record<string, Check> = {
  Gateway: gatewayApiObject(
    'Gateway',
    object({
      gatewayClassName: label,
      listeners: list(object({ name: label, port, protocol: oneOf('HTTP') })),
    }),
  ),
  HTTPRoute: gatewayApiObject(
    'HTTPRoute',
    object({
      parentRefs: list(
        object({
          group: oneOf('', 'gateway.networking.k8s.io'),
          kind: oneOf('Gateway', 'Service'),
          name: label,
          'port?': port,
        }),
      ),
      'hostnames?': list(hostname),
      rules: list(
        object({
          name: label,
          matches: list(object({ path: object({ type: oneOf('PathPrefix'), value: text }) })),
          'retry?': object({ attempts: integer(0, 2 ** 31 - 1) }),
          backendRefs: list(
            object({
              group: oneOf(''),
              kind: oneOf('Service'),
              name: label,
              port,
              weight: integer(0, 1_000_000),
            }),
          ),
        }),
      ),
    }),
  ),
};
