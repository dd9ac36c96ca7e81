import type { AdministeredProxy } from './administered-proxy.ts';

/** The two fixed listeners of every proxy, then those that istiod has pushed. */
function all(proxy: AdministeredProxy): { name: string; port: number }[] {
  const told = [...proxy.config.listeners.values()].map(({ json }) => ({
    name: json.name,
    port: json.address.socket_address.port_value,
  }));
  return [{ name: '0.0.0.0_15090', port: 15090 }, { name: '0.0.0.0_15021', port: 15021 }, ...told];
}

export function listenersJson(proxy: AdministeredProxy) {
  return {
    listener_statuses: all(proxy).map(({ name, port }) => ({
      name,
      local_address: { socket_address: { address: '0.0.0.0', port_value: port } },
    })),
  };
}

export function listenersText(proxy: AdministeredProxy): string {
  return all(proxy)
    .map(({ name, port }) => `${name}::0.0.0.0:${port}\n`)
    .join('');
}
