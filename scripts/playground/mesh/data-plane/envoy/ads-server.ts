import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Acknowledgement } from '../data-plane.ts';
import { readDeltaRequest } from './delta-messages.ts';
import { DeltaStream, type TypePush } from './delta-stream.ts';
import { createGrpcServer, type GrpcStream } from './grpc.ts';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/**
 * The aggregated, incremental discovery service on a socket file, as
 * pilot-agent offers it to the Envoy beside it.
 */
export interface AdsServer {
  /** From now on a proxy of this node id may connect. */
  add(nodeId: string, onAcknowledged: (acknowledgement: Omit<Acknowledgement, 'proxyId'>) => void): void;
  push(nodeId: string, push: TypePush): void;
  remove(nodeId: string): void;
  close(): void;
}

/** Starts it. `socketFile` is created, and removed at the end. */
export async function startAdsServer(socketFile: string): Promise<AdsServer> {
  const proxies = new Map<string, DeltaStream>();
  const { server, close } = createGrpcServer(METHOD, (stream) => serve(stream, proxies));
  server.listen(socketFile);
  await once(server, 'listening');
  return {
    add: (nodeId, onAcknowledged) => void proxies.set(nodeId, new DeltaStream(onAcknowledged)),
    push: (nodeId, push) => proxies.get(nodeId)?.push(push),
    remove: (nodeId) => void proxies.delete(nodeId),
    close() {
      close();
      rmSync(socketFile, { force: true });
    },
  };
}

function serve(stream: GrpcStream, proxies: ReadonlyMap<string, DeltaStream>): void {
  let proxy: DeltaStream | undefined;
  let detach: () => void = () => undefined;
  stream.onMessage((message) => {
    const request = readDeltaRequest(message);
    if (proxy === undefined) {
      proxy = proxies.get(request.nodeId ?? '');
      if (proxy === undefined) {
        stream.end();
        return;
      }
      detach = proxy.attach((answer) => stream.send(answer));
    }
    proxy.receive(request);
  });
  stream.onClose(() => detach());
}
