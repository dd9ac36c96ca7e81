import type { ListenerJson } from '../../xds-types.ts';
import type { ProxySpec } from '../messages.ts';
import { accessLog } from './access-log.ts';
import { envoyAddress, envoyAddresses } from './addresses.ts';

const TYPE = 'type.googleapis.com';
const CONNECTION_MANAGER = `${TYPE}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const ADS = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };

/** The header by which a call from a pod finds the routes of its port; it never leaves the proxy. */
const PORT_HEADER = 'x-playground-authority';

/** A listener as Envoy takes it, and the route configurations it will ask for. */
export interface EnvoyListener {
  json: { name: string };
  routeNames: string[];
}

/**
 * istiod's listeners with what Envoy needs to serve them on this machine: sockets in place of the pod's
 * ports, and filter chains as Istio builds them.
 */
export function envoyListeners(
  listeners: ReadonlyMap<string, ListenerJson>,
  spec: ProxySpec,
  logFile: string,
): Map<string, EnvoyListener> {
  const build = (listener: ListenerJson): EnvoyListener => {
    if (spec.type === 'router') return gatewayListener(listener, spec, logFile);
    switch (listener.name) {
      case 'virtualInbound':
        return { json: virtualInbound(listener, spec, logFile), routeNames: [] };
      case 'virtualOutbound':
        return { json: virtualOutbound(listener, spec, logFile), routeNames: [] };
      default:
        return outboundListener(listener, logFile);
    }
  };
  return new Map([...listeners].map(([name, listener]) => [name, build(listener)]));
}

/**
 * Which route configuration a call to a port is led by, for a
 * sidecar's `virtualOutbound`: by scope name, which is the port.
 */
export function routeScopes(
  listeners: ReadonlyMap<string, ListenerJson>,
): Map<string, { json: { name: string }; routeName: string }> {
  const scopes = new Map<string, { json: { name: string }; routeName: string }>();
  for (const { address, route_config_name: routeName } of listeners.values()) {
    if (routeName === undefined) continue;
    const name = String(address.socket_address.port_value);
    const json = { name, route_configuration_name: routeName, key: { fragments: [{ string_key: name }] } };
    scopes.set(name, { json, routeName });
  }
  return scopes;
}

function gatewayListener(listener: ListenerJson, spec: ProxySpec, logFile: string): EnvoyListener {
  const port = listener.address.socket_address.port_value;
  const sockets = spec.gateway?.find((one) => one.port === port)?.sockets ?? [];
  const routeName = listener.route_config_name ?? '';
  const json = {
    name: listener.name,
    ...(sockets.length === 0 ? { address: listener.address, bind_to_port: false } : envoyAddresses(sockets)),
    traffic_direction: listener.traffic_direction,
    filter_chains: [
      {
        filters: [
          connectionManager(`outbound_0.0.0.0_${port}`, logFile, {
            rds: { config_source: ADS, route_config_name: routeName },
            server_name: 'istio-envoy',
            use_remote_address: true,
            forward_client_cert_details: 'SANITIZE_SET',
          }),
        ],
      },
    ],
  };
  return { json, routeNames: [routeName] };
}

/** Present and current as in a pod, but without a socket: calls arrive at `virtualOutbound`. */
function outboundListener(listener: ListenerJson, logFile: string): EnvoyListener {
  const { name, address, route_config_name: routeName = '' } = listener;
  const json = {
    name,
    address,
    bind_to_port: false,
    traffic_direction: listener.traffic_direction,
    filter_chains: [
      {
        filters: [
          connectionManager(`outbound_${name}`, logFile, {
            rds: { config_source: ADS, route_config_name: routeName },
            use_remote_address: false,
          }),
        ],
      },
    ],
  };
  return { json, routeNames: [routeName] };
}

/**
 * Where the pod's own calls leave: an HTTP proxy that chooses the routes by the port in the call's authority.
 */
function virtualOutbound(listener: ListenerJson, spec: ProxySpec, logFile: string): { name: string } {
  // `cafe` becomes `cafe:80`, `cafe:8080` becomes `cafe:8080:80`: the second part is the port.
  const setPort = {
    append: {
      header: { key: PORT_HEADER, value: '%REQ(:AUTHORITY)%:80' },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
    },
  };
  const json = {
    name: listener.name,
    ...(spec.outbound === undefined
      ? { address: listener.address, bind_to_port: false }
      : { address: envoyAddress(spec.outbound) }),
    traffic_direction: listener.traffic_direction,
    filter_chains: [
      {
        filters: [
          connectionManager(
            'outbound_0.0.0.0_15001',
            logFile,
            {
              scoped_routes: {
                name: 'by-port',
                scope_key_builder: {
                  fragments: [
                    { header_value_extractor: { name: PORT_HEADER, element_separator: ':', index: 1 } },
                  ],
                },
                rds_config_source: ADS,
                scoped_rds: { scoped_rds_config_source: ADS },
              },
              use_remote_address: false,
              early_header_mutation_extensions: [
                {
                  name: 'envoy.http.early_header_mutation.header_mutation',
                  typed_config: {
                    '@type': `${TYPE}/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation`,
                    mutations: [setPort],
                  },
                },
              ],
            },
            [
              {
                name: 'envoy.filters.http.header_mutation',
                typed_config: {
                  '@type': `${TYPE}/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation`,
                  mutations: { request_mutations: [{ remove: PORT_HEADER }] },
                },
              },
            ],
          ),
        ],
      },
    ],
  };
  return json;
}

/** Where the pod's callers arrive: a filter chain for each port of the app. */
function virtualInbound(listener: ListenerJson, spec: ProxySpec, logFile: string): { name: string } {
  const json: { name: string } & Record<string, unknown> = {
    name: listener.name,
    ...(spec.inbound.length === 0
      ? { address: listener.address, bind_to_port: false }
      : envoyAddresses(spec.inbound.map(({ outside }) => outside))),
    traffic_direction: listener.traffic_direction,
    filter_chains:
      spec.inbound.length === 0
        ? [{ filters: [connectionManager('inbound', logFile, { route_config: { name: 'none' } })] }]
        : spec.inbound.map(({ port, outside }) => ({
            name: `0.0.0.0_${port}`,
            filter_chain_match: { destination_port: outside.port },
            filters: [
              connectionManager(`inbound_0.0.0.0_${port}`, logFile, {
                route_config: inboundRoutes(port),
                server_name: 'istio-envoy',
                use_remote_address: false,
                forward_client_cert_details: 'APPEND_FORWARD',
              }),
            ],
          })),
  };
  return json;
}

/**
 * The called pod's own sidecar tries once more when the app was not
 * reached (Istio's default inbound retry policy).
 */
function inboundRoutes(port: number): object {
  const cluster = `inbound|${port}||`;
  return {
    name: cluster,
    virtual_hosts: [
      {
        name: `inbound|http|${port}`,
        domains: ['*'],
        routes: [
          {
            match: { prefix: '/' },
            route: {
              cluster,
              timeout: '0s',
              retry_policy: {
                retry_on: 'reset-before-request',
                num_retries: 1,
                host_selection_retry_max_attempts: '5',
              },
              max_grpc_timeout: '0s',
            },
            name: 'default',
          },
        ],
      },
    ],
    validate_clusters: false,
  };
}

function connectionManager(
  statPrefix: string,
  logFile: string,
  more: object,
  moreFilters: object[] = [],
): object {
  const filter = (name: string, type: string) => ({ name, typed_config: { '@type': `${TYPE}/${type}` } });
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': CONNECTION_MANAGER,
      stat_prefix: statPrefix,
      ...more,
      http_filters: [
        ...moreFilters,
        filter('envoy.filters.http.fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault'),
        filter('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors'),
        filter('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router'),
      ],
      access_log: [accessLog(logFile)],
      http_protocol_options: {},
      stream_idle_timeout: '0s',
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      normalize_path: true,
      path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
      request_id_extension: {
        typed_config: {
          '@type': `${TYPE}/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig`,
          use_request_id_for_trace_sampling: true,
        },
      },
    },
  };
}
