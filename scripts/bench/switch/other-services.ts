/** What fills a proxy's dumps in a mesh with many services. */

/** Before the name of a VirtualService in what proxies show of its routes. */
export const ROUTES_OF = '/apis/networking.istio.io/v1/namespaces/default/virtual-service';

/** What else a proxy of a large mesh knows, as members of a JSON array: about so long each. */
export function otherServices(bytes: number): { routes: string; clusters: string } {
  const filled = (entry: (n: number) => object) => {
    const members: string[] = [];
    for (let length = 0; length < bytes;) {
      const member = JSON.stringify([entry(members.length)], undefined, 1)
        .replace(/^/gm, ' ')
        .slice(3, -3);
      members.push(member);
      length += member.length + 1;
    }
    return members.join(',\n');
  };
  const host = (n: number) => `service-${n}.other.svc.cluster.local`;
  return {
    routes: filled((n) => ({
      route_config: {
        name: `${10_000 + n}`,
        virtual_hosts: Array.from({ length: 20 }, (_, index) => ({
          name: `${host(n * 20 + index)}:80`,
          domains: [host(n * 20 + index), `service-${n * 20 + index}.other`],
          routes: [
            {
              name: 'default',
              match: { prefix: '/' },
              metadata: { filter_metadata: { istio: { config: `${ROUTES_OF}/service-${n * 20 + index}` } } },
              route: { cluster: `outbound|80||${host(n * 20 + index)}`, timeout: '0s' },
            },
          ],
        })),
      },
    })),
    clusters: filled((n) => ({
      name: `outbound|80||${host(n)}`,
      host_statuses: [0, 1].map((index) => ({
        address: { socket_address: { address: `10.3.${n % 250}.${index}`, port_value: 8080 } },
        stats: ['cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total', 'rq_active'].map((name) => ({
          ...{ name, value: '1' },
        })),
        health_status: { eds_health_status: 'HEALTHY' },
      })),
    })),
  };
}

/**
 * An object with one array, as JSON with more members in it, written
 * as Envoy writes it: a line each, one space for each level.
 */
export function spliced(object: object, members: string): string {
  const text = JSON.stringify(object, undefined, 1);
  const own = text.endsWith('[]\n}') ? text.slice(0, -3) : `${text.slice(0, -5)},`;
  return `${own}\n${members}\n ]\n}\n`;
}
