import type { ApiServer } from '../api/api-server.ts';
import type { Network } from './network.ts';
import type { OperatorProcess } from './process.ts';

/** Who answers inside the pods. */
export interface PodAnswers {
  /**
   * Undefined: it listens, and says nothing. Throws a ClusterError
   * when there is no such pod, or nothing listens.
   */
  ask(
    target: PodPort,
    path: string,
  ): { status: number; body: string; headers?: Record<string, string> } | undefined;
}

export interface PodPort {
  namespace: string;
  pod: string;
  port: number;
}

export interface Connection {
  process: OperatorProcess;
  network: Network;
  api: ApiServer;
  pods: PodAnswers;
  namespace: string;
  /** How long one call may take, in milliseconds. */
  timeoutMs: number;
  /** How long a read is asked again, in milliseconds. */
  retryForMs: number;
}
