/**
 * The owner of an object: a controller that reconciles it, or a tool that applies it when somebody runs it.
 * It is recognised by the labels and annotations that it leaves on the object.
 */
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { SeenObject } from '../routing/traffic-routing.ts';
import { fieldEntries, ownsSpec } from './managed-fields.ts';

export interface Owner {
  /**
   * `Helm release` writes when somebody runs Helm. `pipeline` is any other field manager that applies. All
   * others reconcile again and again. `controller` is a field manager whose name looks like a controller's.
   */
  kind: 'Application' | 'Kustomization' | 'HelmRelease' | 'controller' | 'Helm release' | 'pipeline';
  name: string;
  /** Undefined where the object does not name it. */
  namespace?: string;
}

/** Whether the owner reverts an edit by itself. */
export const reverts = ({ kind }: Owner) => kind !== 'Helm release' && kind !== 'pipeline';

/** The field managers of tools that are recognised by their labels and annotations. */
const ARGO_CD = ['argocd-controller', 'argocd-application-controller'];
const KNOWN: Partial<Record<Owner['kind'], readonly string[]>> = {
  Application: ARGO_CD,
  Kustomization: ['kustomize-controller'],
  HelmRelease: ['helm-controller', 'helm'],
  'Helm release': ['helm'],
};

/** Whether this field manager belongs to the owner. */
export const writesFor = ({ kind, name }: Owner, manager: string) =>
  (KNOWN[kind] ?? [name]).includes(manager);

/** The default field managers of people and pipelines: they are no owners. */
const BY_HAND = ['kubectl', 'kubectl-client-side-apply', 'before-first-apply', 'render'];

/** Reconciling programs are named so by convention: `kluctl-controller`, `fleet-agent`, `configsync`. */
const RECONCILES = /(controller|operator|reconciler|agent|sync)s?$/i;

/**
 * @param own the switch's own field manager
 * @param namespace of the connection
 */
export function ownersOf(
  { resource, object }: SeenObject,
  { own, namespace }: { own: string; namespace: string },
): Owner[] {
  const marked = [application(resource, object, namespace), ...flux(object)].filter(
    (owner) => owner !== undefined,
  );
  // A HelmRelease is installed by Helm, which leaves its own labels and annotations too.
  const release = marked.some(({ kind }) => kind === 'HelmRelease') ? undefined : helmRelease(object);
  const known = release === undefined ? marked : [...marked, release];
  const explained = new Set([own, ...BY_HAND, ...known.flatMap(({ kind }) => KNOWN[kind] ?? [])]);
  return [...known, ...appliers(object, explained)];
}

/**
 * Argo CD ignores a tracking id on any object but the one that it names.
 * https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
 */
function application(
  { group, kind }: SeenObject['resource'],
  object: KubernetesObject,
  namespace: string,
): Owner | undefined {
  const { name, labels = {}, annotations = {}, namespace: home = namespace } = object.metadata;
  const [tracking = '', ...place] = (annotations['argocd.argoproj.io/tracking-id'] ?? '').split(':');
  if (tracking !== '' && place.join(':') === `${group}/${kind}:${home}/${name}`) {
    // An Application outside of Argo CD's own namespace has its namespace before its name.
    const [app = '', within] = tracking.split('_').reverse();
    return { kind: 'Application', name: app, ...(within === undefined ? {} : { namespace: within }) };
  }
  // Charts set this label without Argo CD too: it counts only where Argo CD has written the object.
  const isWritten = fieldEntries(object).some(({ manager = '' }) => ARGO_CD.includes(manager));
  const label = labels['argocd.argoproj.io/instance'] ?? labels['app.kubernetes.io/instance'];
  return isWritten && label !== undefined ? { kind: 'Application', name: label } : undefined;
}

/** Flux sets both labels together. https://fluxcd.io/flux/components/kustomize/kustomizations/ */
function flux({ metadata: { labels = {} } }: KubernetesObject): (Owner | undefined)[] {
  const by = (prefix: string, kind: Owner['kind']): Owner | undefined => {
    const name = labels[`${prefix}.toolkit.fluxcd.io/name`];
    const namespace = labels[`${prefix}.toolkit.fluxcd.io/namespace`];
    return name === undefined || namespace === undefined ? undefined : { kind, name, namespace };
  };
  return [by('kustomize', 'Kustomization'), by('helm', 'HelmRelease')];
}

function helmRelease({ metadata: { labels = {}, annotations = {} } }: KubernetesObject): Owner | undefined {
  const name = annotations['meta.helm.sh/release-name'];
  if (name === undefined || labels['app.kubernetes.io/managed-by'] !== 'Helm') return undefined;
  const namespace = annotations['meta.helm.sh/release-namespace'];
  return { kind: 'Helm release', name, ...(namespace === undefined ? {} : { namespace }) };
}

/** The other field managers that have applied the object's spec. */
function appliers(object: KubernetesObject, explained: ReadonlySet<string>): Owner[] {
  const others = new Set(
    fieldEntries(object).flatMap((entry) => {
      const { manager = '', operation } = entry;
      const applies = operation === 'Apply' || ARGO_CD.includes(manager);
      return applies && ownsSpec(entry) && !explained.has(manager) ? [manager] : [];
    }),
  );
  return [...others].map((name) => ({ kind: RECONCILES.test(name) ? 'controller' : 'pipeline', name }));
}
