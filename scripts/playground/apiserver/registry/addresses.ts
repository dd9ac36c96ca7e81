import { isObject, type JsonObject } from '../../storage/json.ts';
import { objectAt, objectsOf } from './defaults/pod.ts';
import { invalid, invalidValue } from '../status-error.ts';
import type { ResourceType } from './resource-type.ts';

const NODE_PORT_FIRST = 30_000;
const NODE_PORT_LAST = 32_767;

/**
 * Cluster IPs and node ports of Services: unique, kept while the Service lives. Node ports are real ports of
 * this machine: each process begins elsewhere, so that two playgrounds rarely want the same.
 */
export class ServiceAddresses {
  private readonly ips = new Set<string>();
  private readonly ports = new Set<number>();
  private nextIp = 10;
  private nextPort = NODE_PORT_FIRST + ((process.pid * 61) % 2_500);

  /**
   * Gives the Service what it lacks; keeps what it asks for. Values already held by `previous` are its own.
   */
  allocate(type: ResourceType, service: JsonObject, previous: JsonObject | undefined): void {
    const spec = objectAt(service, 'spec');
    const name = String(objectAt(service, 'metadata')['name']);
    const oldSpec = isObject(previous?.['spec']) ? previous['spec'] : {};
    if (spec['type'] === 'ExternalName') {
      delete spec['clusterIP'];
      delete spec['clusterIPs'];
      return;
    }
    if (spec['clusterIP'] === undefined || spec['clusterIP'] === '') {
      const kept = oldSpec['type'] === 'ExternalName' ? undefined : oldSpec['clusterIP'];
      spec['clusterIP'] = kept ?? this.freeIp();
    } else if (spec['clusterIP'] !== oldSpec['clusterIP'] && typeof oldSpec['clusterIP'] === 'string') {
      throw invalid(type, name, [
        invalidValue('spec.clusterIPs[0]', [spec['clusterIP']], 'may not change once set'),
      ]);
    }
    spec['clusterIPs'] = [spec['clusterIP']];
    if (typeof spec['clusterIP'] === 'string' && spec['clusterIP'] !== 'None')
      this.ips.add(spec['clusterIP']);
    this.allocateNodePorts(type, name, spec, oldSpec);
  }

  release(service: JsonObject): void {
    const spec = isObject(service['spec']) ? service['spec'] : {};
    if (typeof spec['clusterIP'] === 'string') this.ips.delete(spec['clusterIP']);
    for (const port of objectsOf(spec['ports']))
      if (typeof port['nodePort'] === 'number') this.ports.delete(port['nodePort']);
  }

  private allocateNodePorts(type: ResourceType, name: string, spec: JsonObject, oldSpec: JsonObject): void {
    const oldPorts = objectsOf(oldSpec['ports']);
    const mine = new Set(oldPorts.map((port) => port['nodePort']));
    if (spec['type'] !== 'NodePort' && spec['type'] !== 'LoadBalancer') {
      for (const port of objectsOf(spec['ports'])) delete port['nodePort'];
    } else {
      objectsOf(spec['ports']).forEach((port, index) => {
        if (typeof port['nodePort'] === 'number' && port['nodePort'] !== 0) {
          this.claim(type, name, port['nodePort'], mine, index);
          return;
        }
        const same = oldPorts.find(
          (old) => old['port'] === port['port'] && old['protocol'] === port['protocol'],
        );
        port['nodePort'] = same?.['nodePort'] ?? this.freePort();
        this.ports.add(Number(port['nodePort']));
      });
    }
    const kept = new Set(objectsOf(spec['ports']).map((port) => port['nodePort']));
    for (const port of mine) if (typeof port === 'number' && !kept.has(port)) this.ports.delete(port);
  }

  private claim(type: ResourceType, name: string, port: number, mine: Set<unknown>, index: number): void {
    const field = `spec.ports[${index}].nodePort`;
    if (port < NODE_PORT_FIRST || port > NODE_PORT_LAST) {
      throw invalid(type, name, [
        invalidValue(
          field,
          port,
          `provided port is not in the valid range. The range of valid ports is ${NODE_PORT_FIRST}-${NODE_PORT_LAST}`,
        ),
      ]);
    }
    if (this.ports.has(port) && !mine.has(port)) {
      throw invalid(type, name, [invalidValue(field, port, 'provided port is already allocated')]);
    }
    this.ports.add(port);
  }

  private freeIp(): string {
    for (;;) {
      const ip = `10.96.${(this.nextIp >> 8) & 255}.${this.nextIp & 255}`;
      this.nextIp += 1;
      if (!this.ips.has(ip) && !ip.endsWith('.0') && !ip.endsWith('.255')) return ip;
    }
  }

  private freePort(): number {
    while (this.ports.has(this.nextPort)) this.nextPort += 1;
    return this.nextPort;
  }
}
