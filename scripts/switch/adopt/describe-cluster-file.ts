/** The cluster file (istio/cluster.yaml) that describes an adopted service. */
import { stringify } from 'yaml';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { fullHost } from '../../shared/istio-routes.ts';
import { resources } from '../../shared/resources.ts';
import { readState } from '../cluster-state/read-state.ts';
import type { State } from '../cluster-state/read-state.ts';
import { findVersion } from '../cluster-state/versions.ts';
import { portOf } from '../../shared/deployment-ready.ts';
import type { Container, Deployment, Service, VirtualService } from '../../shared/kubernetes.ts';
import type { SwitchResult } from '../types.ts';

/** The file as YAML, for the user to save; undefined where nothing was adopted. */
export async function describeClusterFile(
  cluster: Cluster,
  { app, to, outcome }: Pick<SwitchResult, 'app' | 'to' | 'outcome'>,
): Promise<string | undefined> {
  if (to === undefined || (outcome !== 'switched' && outcome !== 'already-there')) return undefined;
  const state = await readState(cluster, app);
  const yaml = stringify(valuesOf(state, { app, version: to }));
  return [...remarksOn(state, app).map((line) => `# ${line}`), yaml.trimEnd()].join('\n');
}

/** Remarks on what the values cannot express. */
function remarksOn({ lastSeen: { routesName, versionsName } }: State, app: string): string[] {
  const renamed = [routesName, versionsName].filter(({ name }) => name !== app);
  return [
    `${app} as it runs now. What else its Deployment has (environment, probes, volumes) belongs into the template of the set "version".`,
    ...renamed.map(
      ({ kind, name }) => `Its ${kind} is named ${name}: give the template that name, or there will be two.`,
    ),
  ];
}

/** The values with which the sets `version`, `subsets` and `route` are rendered. */
function valuesOf(state: State, { app, version }: { app: string; version: string }): object {
  const { deployments, lastSeen, service, target } = state;
  const deployment = findVersion(deployments, version);
  const { object } =
    lastSeen.objects.find(({ resource }) => resource.kind === resources.virtualServices.kind) ?? {};
  const { hosts = [], http = [] } = (object as VirtualService | undefined)?.spec ?? {};
  const others = hosts.filter((host) => fullHost(host, target.namespace) !== target.host);
  const [marker] = http.flatMap(({ name }) => (name === undefined ? [] : [name]));
  return {
    global: {
      app,
      ...(deployment ? { image: servingContainer(service, deployment)?.image ?? '' } : {}),
      version,
      replicas: deployment?.spec.replicas ?? 1,
    },
    include: [
      { name: 'version' },
      { name: 'subsets', values: { subsets: version } },
      {
        name: 'route',
        values: {
          ...(others.length > 0 ? { hosts: others.join(',') } : {}),
          live: version,
          ...(marker === undefined ? {} : { marker }),
        },
      },
    ],
  };
}

/** The container whose port the Service targets, else the first one. */
function servingContainer({ spec }: Service, deployment: Deployment): Container | undefined {
  const { containers } = deployment.spec.template.spec;
  const [port] = spec.ports ?? [];
  const wanted = port?.targetPort ?? port?.port;
  const leadsTo = (one: Container) =>
    wanted !== undefined &&
    (one.ports ?? []).some(({ containerPort }) => containerPort === portOf(one, wanted));
  return containers.find(leadsTo) ?? containers[0];
}
