/** The parts of a pod that injection reads and changes. */
export interface HttpGetAction {
  path?: string;
  port: number | string;
  host?: string;
  scheme?: string;
  httpHeaders?: { name: string; value: string }[];
}

export interface Handler {
  httpGet?: HttpGetAction;
  timeoutSeconds?: number;
  [field: string]: unknown;
}

export interface Container {
  name: string;
  image?: string;
  ports?: { name?: string; containerPort: number; protocol?: string }[];
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  livenessProbe?: Handler;
  readinessProbe?: Handler;
  startupProbe?: Handler;
  lifecycle?: { preStop?: Handler; postStart?: Handler };
  [field: string]: unknown;
}

/** What `ISTIO_KUBE_APP_PROBERS` holds: the original behind each rewritten path. */
export type AppProbers = Record<
  string,
  {
    httpGet: { path?: string; port: number; scheme?: string; httpHeaders?: HttpGetAction['httpHeaders'] };
    timeoutSeconds?: number;
  }
>;

/** pilot-agent's port for the app's health. */
export const AGENT_PORT = 15020;

const PROBES = [
  ['livenessProbe', 'livez'],
  ['readinessProbe', 'readyz'],
  ['startupProbe', 'startupz'],
] as const;
const HOOKS = [
  ['preStop', 'prestopz'],
  ['postStart', 'poststartz'],
] as const;

/**
 * Leads a container's HTTP probes and hooks through pilot-agent, in place, and returns the originals.
 * https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/
 */
export function rewriteProbes(container: Container): AppProbers {
  const probers: AppProbers = {};
  for (const [field, path] of PROBES) {
    const probe = container[field];
    if (probe?.httpGet === undefined) continue;
    const action = rewrite(
      container,
      probe.httpGet,
      `/app-health/${container.name}/${path}`,
      probers,
      probe.timeoutSeconds ?? 1,
    );
    if (action !== undefined) container[field] = { ...probe, httpGet: action };
  }
  for (const [field, path] of HOOKS) {
    const hook = container.lifecycle?.[field];
    if (hook?.httpGet === undefined) continue;
    const action = rewrite(container, hook.httpGet, `/app-lifecycle/${container.name}/${path}`, probers);
    if (action !== undefined)
      container.lifecycle = { ...container.lifecycle, [field]: { ...hook, httpGet: action } };
  }
  return probers;
}

function rewrite(
  container: Container,
  action: HttpGetAction,
  path: string,
  probers: AppProbers,
  timeoutSeconds?: number,
): HttpGetAction | undefined {
  const port = portNumber(container, action.port);
  // An undeclared port name stays: the kubelet reports it.
  if (port === undefined) return undefined;
  probers[path] = {
    httpGet: {
      ...(action.path === undefined ? {} : { path: action.path }),
      port,
      scheme: action.scheme ?? 'HTTP',
      ...(action.httpHeaders === undefined ? {} : { httpHeaders: action.httpHeaders }),
    },
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
  return { path, port: AGENT_PORT, scheme: 'HTTP' };
}

function portNumber(container: Container, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  if (/^\d+$/.test(port)) return Number(port);
  return container.ports?.find((candidate) => candidate.name === port)?.containerPort;
}
