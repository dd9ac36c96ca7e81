import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { openContainerLog, type ContainerLog, type LogReadOptions } from '../kubelet/container-log.ts';
import type { DataPlane } from './data-plane/data-plane.ts';

/** Leads what each proxy writes to whoever keeps its pod's logs. */
export interface ProxyLogs {
  /** What a pod's proxy writes, until `end`. */
  output(podUid: string): Readable;
  end(podUid: string): void;
  /** The log of the gateway, whose pod no kubelet keeps. */
  readGateway(options: LogReadOptions): AsyncIterable<string>;
  close(): void;
}

export function collectProxyLogs(dataPlane: DataPlane, gatewayUid: string, gatewayFile: string): ProxyLogs {
  const outputs = new Map<string, PassThrough>();
  const gateway: ContainerLog = openContainerLog(gatewayFile);
  const output = (podUid: string): PassThrough => {
    const stream = new PassThrough();
    outputs.set(podUid, stream);
    return stream;
  };
  gateway.attach(output(gatewayUid));
  dataPlane.onLog((proxyId, text) => void outputs.get(proxyId)?.write(text));
  const end = (podUid: string): void => {
    outputs.get(podUid)?.end();
    outputs.delete(podUid);
  };
  return {
    output,
    end,
    readGateway: (options) => gateway.read(options),
    close() {
      for (const podUid of [...outputs.keys()]) end(podUid);
      gateway.end();
    },
  };
}
