import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { openContainerLog, type ContainerLog, type LogReadOptions } from '../kubelet/container-log.ts';
import type { DataPlane } from './data-plane/data-plane.ts';

/** Leads what each proxy writes to whoever keeps its pod's logs. */
export interface ProxyLogs {
  /** What a pod's proxy writes, until `end`. */
  output(podUid: string): Readable;
  end(podUid: string): void;
  /** Keeps the log of a gateway, whose pod no kubelet keeps, in a file. */
  keepGateway(podUid: string, file: string): void;
  readGateway(podUid: string, options: LogReadOptions): AsyncIterable<string> | undefined;
  close(): void;
}

export function collectProxyLogs(dataPlane: DataPlane): ProxyLogs {
  const outputs = new Map<string, PassThrough>();
  const gateways = new Map<string, ContainerLog>();
  const output = (podUid: string): PassThrough => {
    const stream = new PassThrough();
    outputs.set(podUid, stream);
    return stream;
  };
  dataPlane.onLog((proxyId, text) => void outputs.get(proxyId)?.write(text));
  const end = (podUid: string): void => {
    outputs.get(podUid)?.end();
    outputs.delete(podUid);
    gateways.get(podUid)?.end();
    gateways.delete(podUid);
  };
  return {
    output,
    end,
    keepGateway(podUid, file) {
      const log = openContainerLog(file);
      gateways.set(podUid, log);
      log.attach(output(podUid));
    },
    readGateway: (podUid, options) => gateways.get(podUid)?.read(options),
    close() {
      for (const podUid of [...outputs.keys()]) end(podUid);
    },
  };
}
