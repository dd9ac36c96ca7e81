/** The checks of an adoption that a switch does not have. */
import type { Right } from '../../shared/cluster/access.ts';
import { rolloutOf } from '../../shared/deployment-ready.ts';
import type { Deployment, Service } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { listVersionPods } from '../cluster-state/versions.ts';
import { verifyAccess } from '../preflight/access.ts';
import type { Check } from '../preflight/check.ts';
import { refuse } from '../refuse.ts';
import { DEFAULT_LABEL } from '../routing/virtual-service/version-label.ts';
import type { Adopted } from '../lock/switch-record.ts';

/** The rights that an adoption needs besides those of a switch. */
export function rightsToAdopt({ makes, annotations }: Pick<Adopted, 'makes' | 'annotations'>): Right[] {
  const group = 'networking.istio.io';
  const verbs = ['create', 'delete'];
  return [
    ...(makes.routes ? [{ group, resource: 'virtualservices', verbs }] : []),
    ...(makes.subsets ? [{ group, resource: 'destinationrules', verbs }] : []),
    ...(Object.keys(annotations).length > 0 ? [{ resource: 'services', verbs: ['patch'] }] : []),
  ];
}

const mayAdopt: Check = {
  title: 'what is missing may be made',
  async run({ context: { cluster, signal, record } }) {
    if (record.adopts) await verifyAccess(cluster, signal, { rights: rightsToAdopt(record.adopts) });
    return [];
  },
};

/** The Service must select the pods of every version: else the new version would get no request. */
const selectsEveryVersion: Check = {
  title: 'the Service selects pods of any version',
  run({ context: { app }, state: { service } }) {
    const { [DEFAULT_LABEL]: version } = service.spec.selector ?? {};
    if (version !== undefined)
      refuse(
        `the Service ${app} selects ${DEFAULT_LABEL}=${version}, and no other version would get a request: take that out of its selector first`,
      );
    return [];
  },
};

/** Routes steer HTTP only. On a port of another protocol every pod of the Service gets traffic. */
const portsAreLed: Check = {
  title: 'every port of the Service is http',
  run({ context: { app }, state: { service } }) {
    const other = (service.spec.ports ?? []).find((port) => !isHttp(port));
    if (other !== undefined)
      refuse(
        `port ${other.name ?? other.port} of the Service ${app} is not http by its name or appProtocol: routes steer HTTP only, so its traffic would still go to pods that end`,
      );
    return [];
  },
};

/**
 * Istio detects the protocol of a port that has no name.
 * https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
 */
function isHttp(port: Port): boolean {
  const { name = '', protocol = 'TCP', appProtocol } = port;
  const says = appProtocol ?? name.split('-')[0] ?? '';
  return protocol === 'TCP' && !/^(tcp|tls|https|udp|sctp|mongo|mysql|redis)$/i.test(says);
}

type Port = NonNullable<Service['spec']['ports']>[number] & { appProtocol?: string };

/** A paused Deployment may have a template that it never rolled out: the copy would run that template. */
const isRolledOut: Check = {
  title: 'the plain Deployment is rolled out',
  async run({ context, current }) {
    if (current === undefined || context.continued) return [];
    const { name } = current.metadata;
    if (current.spec['paused'] === true)
      refuse(`Deployment ${name} is paused: kubectl rollout resume deployment/${name}, and let it roll out`);
    const pods = await listVersionPods(context.cluster, context, context.from);
    const { done, summary } = rolloutOf(current, pods);
    if (!done)
      refuse(`Deployment ${name} is not rolled out (${summary}): what is copied must be what serves`);
    return [];
  },
};

const nameIsFree: Check = {
  title: 'no other Deployment bears the name of the copy',
  async run({ context: { app, cluster, signal }, existing, candidate }) {
    if (existing !== undefined) return [];
    const { name } = candidate.metadata;
    const all = await cluster.list<Deployment>(resources.deployments, { signal });
    if (all.some(({ metadata }) => metadata.name === name))
      refuse(
        `Deployment ${name} is there already, and the Service ${app} does not select its pods: the copy would be written over it`,
      );
    return [];
  },
};

const leadsAll: Check = {
  title: 'nobody else leads requests to every pod',
  async run({ context }) {
    // Its notes are dropped: the checks of the switch give them again.
    await context.lastSeen.verify({ ...context, from: '' });
    return [];
  },
};

export const adoptionChecks: readonly Check[] = [
  mayAdopt,
  selectsEveryVersion,
  portsAreLed,
  isRolledOut,
  nameIsFree,
  leadsAll,
];
