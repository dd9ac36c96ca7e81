import type { AdministeredProxy } from './administered-proxy.ts';

/**
 * `/server_info`, with the fields that say something here. The version
 * tells that this is no Envoy but behaves as that one.
 */
export function serverInfo(proxy: AdministeredProxy) {
  const { name, type, podIp } = proxy.spec;
  const namespace = name.slice(name.lastIndexOf('.') + 1);
  const uptime = `${Math.floor((Date.now() - proxy.startedAt) / 1000)}s`;
  return {
    version: 'built-in/1.40.0/Clean/RELEASE/none',
    state: proxy.state,
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    command_line_options: {
      base_id: '0',
      concurrency: 1,
      mode: 'Serve',
      drain_time: '45s',
      drain_strategy: 'Immediate',
    },
    node: { id: `${type}~${podIp}~${name}~${namespace}.svc.cluster.local` },
  };
}
