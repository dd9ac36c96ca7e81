/** The API server: a real HTTPS endpoint that kubectl and client libraries use unchanged. */
export { renderKubeconfig, writeKubeconfig } from './kubeconfig.ts';
export { startApiServer, type ApiServer, type ApiServerOptions } from './server.ts';
export type {
  AccessAttributes,
  Authorizer,
  ConnectToPod,
  ExecInPod,
  Fault,
  FaultHook,
  LogOptions,
  ReadLogs,
} from './context.ts';
