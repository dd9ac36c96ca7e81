/** What preflight makes of the owners of a switch's objects: refused, told, or left aside. */
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import { UsageError } from '../../../../scripts/shared/errors.ts';
import type { Deployment, KubernetesObject } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import type { Resource } from '../../../../scripts/shared/resources.ts';
import type { Autoscaler } from '../../../../scripts/switch/changes/autoscaler.ts';
import { lookAtOwners } from '../../../../scripts/switch/preflight/reverting-owners.ts';
import type { SwitchOptions } from '../../../../scripts/switch/types.ts';

type Metadata = Partial<KubernetesObject['metadata']>;

interface Scene {
  /** Of the VirtualService; the DestinationRule has the same unless told otherwise. */
  routes?: Metadata;
  rule?: Metadata;
  deployment?: Metadata;
  autoscaler?: Metadata;
  /** The owner's own object; an error where it may not be read. */
  owner?: object | ClusterError;
  options?: Partial<SwitchOptions>;
}

/** What is told, or the error. */
async function look({ routes = {}, rule = routes, deployment, autoscaler, owner, options = {} }: Scene) {
  const asked: string[] = [];
  const autoscalers = autoscaler
    ? [
        {
          metadata: { name: 'coffee-shop-v1', ...autoscaler },
          spec: { scaleTargetRef: { kind: 'Deployment', name: 'coffee-shop-v1' }, maxReplicas: 3 },
        } satisfies Autoscaler,
      ]
    : [];
  const cluster = {
    fieldManager: 'zero-downtime-switch',
    get({ plural }: Resource, name: string, { namespace = '' }: { namespace?: string }) {
      asked.push(`${plural} ${namespace}/${name}`);
      return owner instanceof ClusterError ? Promise.reject(owner) : Promise.resolve(owner);
    },
    list: () => Promise.resolve(autoscalers),
  } as unknown as Cluster;
  const seen = (resource: Resource, metadata: Metadata) => ({
    resource,
    object: { metadata: { name: 'coffee-shop', namespace: 'shop', ...metadata } },
  });
  const lastSeen = {
    objects: [seen(resources.virtualServices, routes), seen(resources.destinationRules, rule)],
  };
  const context = {
    cluster,
    signal: new AbortController().signal,
    namespace: 'shop',
    lastSeen,
    from: 'v1',
    to: 'v2',
    options,
  } as unknown as Parameters<typeof lookAtOwners>[0];
  const current = deployment && ({ metadata: { name: 'coffee-shop-v1', ...deployment } } as Deployment);
  const told = await lookAtOwners(context, [current, undefined]).catch((error: unknown) => error as Error);
  return { told, asked };
}

const flux = {
  labels: {
    'kustomize.toolkit.fluxcd.io/name': 'apps',
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
  },
};
const tracking = (kind: string) => ({
  annotations: { 'argocd.argoproj.io/tracking-id': `coffee:networking.istio.io/${kind}:shop/coffee-shop` },
});
const argo = { routes: tracking('VirtualService'), rule: tracking('DestinationRule') };
const forbidden = new ClusterError('no', { status: 403, reason: 'Forbidden' });
const absent = new ClusterError('no such kind', { status: 404, reason: '' });

describe('an owner that writes again and again', () => {
  it('is refused as wrong usage while it is active, with the command that pauses it', async () => {
    const { told, asked } = await look({ routes: flux, owner: { spec: { suspend: false } } });
    expect(told).toBeInstanceOf(UsageError);
    expect(told).toHaveProperty(
      'message',
      "VirtualService coffee-shop and DestinationRule coffee-shop belong to Flux's Kustomization apps of namespace flux-system, which would write their old state over the new one. " +
        'Pause it first: flux suspend kustomization apps -n flux-system. Nothing was changed.',
    );
    expect(asked).toEqual(['kustomizations flux-system/apps']);
  });

  it.each([
    ['may not be read', forbidden],
    ['is of a kind that this cluster does not know', absent],
    ['is not there', undefined],
  ])('is refused where its own object %s, with the flag that says it is paused', async (_what, owner) => {
    const { told } = await look({ routes: flux, ...(owner === undefined ? {} : { owner }) });
    expect(String(told)).toMatch(
      /flux suspend kustomization apps -n flux-system\. Where that is done and cannot be read from here, say so: --owner-paused\. Nothing was changed\.$/,
    );
  });

  it('is believed to be paused where that is said, told by a dry run and by a roll back', async () => {
    const scene = { routes: flux, owner: forbidden };
    expect((await look({ ...scene, options: { ownerPaused: true } })).told).toEqual([
      "Flux's Kustomization apps of namespace flux-system keeps VirtualService coffee-shop and DestinationRule coffee-shop as its files say, and is taken to be paused (--owner-paused)",
    ]);
    const pause = [expect.stringMatching(/Pause it first: flux suspend kustomization apps -n flux-system$/)];
    expect((await look({ ...scene, options: { dryRun: true } })).told).toEqual(pause);
    expect((await look({ ...scene, options: { undo: true } })).told).toEqual(pause);
  });

  it('says of an error that is none of rights or kinds', async () => {
    const owner = new ClusterError('overloaded', { status: 503, reason: '' });
    expect((await look({ routes: flux, owner })).told).toBe(owner);
  });

  it.each([
    ['suspended', flux, { spec: { suspend: true } }],
    [
      'told to leave the objects alone',
      { ...flux, annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' } },
      { spec: {} },
    ],
    [
      'told never to apply them',
      { ...flux, annotations: { 'kustomize.toolkit.fluxcd.io/ssa': 'Ignore' } },
      { spec: {} },
    ],
  ])('is paused when it is %s', async (_what, routes, owner) => {
    expect((await look({ routes, owner })).told).toEqual([
      expect.stringMatching(/ and is paused\. .*; then: flux resume kustomization apps -n flux-system$/),
    ]);
  });

  it('is active for the objects that it was not told to leave alone', async () => {
    const rule = { ...flux, annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' } };
    const { told } = await look({ routes: flux, rule, owner: { spec: {} } });
    expect(String(told)).toMatch(/VirtualService coffee-shop belongs to .* write its old state over/);
  });

  it('is each of them: whoever has the Deployment, or its autoscaler', async () => {
    const { told } = await look({
      routes: flux,
      rule: {},
      deployment: {
        managedFields: [{ manager: 'fleet-agent', operation: 'Apply', fieldsV1: { 'f:spec': {} } }],
      },
      autoscaler: {
        labels: { 'helm.toolkit.fluxcd.io/name': 'shop', 'helm.toolkit.fluxcd.io/namespace': 'shop' },
      },
      owner: { spec: {} },
    });
    expect(String(told)).toMatch(
      /VirtualService coffee-shop belongs .* flux suspend kustomization apps -n flux-system\./,
    );
    expect(String(told)).toMatch(
      /Deployment coffee-shop-v1 belongs to fleet-agent, .*: stop fleet-agent from applying the old files\./,
    );
    expect(String(told)).toMatch(
      /HorizontalPodAutoscaler coffee-shop-v1 belongs .* flux suspend helmrelease shop -n shop\./,
    );
  });
});

describe('Argo CD', () => {
  const ignored = (more: object = {}, syncOptions = ['RespectIgnoreDifferences=true']) => ({
    spec: {
      syncPolicy: { automated: { selfHeal: true }, syncOptions },
      ignoreDifferences: [
        { group: 'networking.istio.io', kind: 'VirtualService', jsonPointers: ['/spec/http'] },
        {
          group: 'networking.istio.io',
          kind: 'DestinationRule',
          jqPathExpressions: ['.spec.subsets'],
          ...more,
        },
      ],
    },
  });

  it.each([
    ['does not sync by itself', { spec: { syncPolicy: {} } }],
    ['has its automation switched off', { spec: { syncPolicy: { automated: { enabled: false } } } }],
    [
      'does not reconcile',
      {
        metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } },
        spec: { syncPolicy: { automated: {} } },
      },
    ],
    ['leaves all routes and all subsets alone', ignored()],
  ])('is paused when the Application %s', async (_what, owner) => {
    const { told, asked } = await look({ ...argo, owner: { metadata: {}, ...owner } });
    expect(told).toEqual([expect.stringMatching(/^Argo CD's Application coffee keeps .* and is paused\. /)]);
    expect(asked).toEqual(['applications argocd/coffee']);
  });

  it.each([
    ['syncs by itself', { spec: { syncPolicy: { automated: {} } } }],
    ['ignores differences, and not when it syncs', ignored({}, [])],
    ['ignores a part of the list', ignored({ jqPathExpressions: ['.spec.subsets[].labels'] })],
    ['ignores those of another object', ignored({ name: 'tea-shop' })],
  ])('is active when the Application %s', async (_what, owner) => {
    const { told } = await look({ ...argo, owner: { metadata: {}, ...owner } });
    expect(String(told)).toMatch(
      /Pause it first: argocd app set coffee --sync-policy none\. Nothing was changed\.$/,
    );
  });

  it('is asked in the namespace that the object names', async () => {
    const id = 'team-a_coffee:networking.istio.io/VirtualService:shop/coffee-shop';
    const routes = { annotations: { 'argocd.argoproj.io/tracking-id': id } };
    const { told, asked } = await look({ routes, rule: {} });
    expect(asked).toEqual(['applications team-a/coffee']);
    expect(String(told)).toMatch(/argocd app set coffee -N team-a --sync-policy none/);
  });
});

describe('who writes when somebody runs it', () => {
  it('is told what the next time does, and refuses nothing', async () => {
    const routes = {
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'coffee', 'meta.helm.sh/release-namespace': 'shop' },
    };
    expect((await look({ routes })).told).toEqual([
      "VirtualService coffee-shop and DestinationRule coffee-shop were written by Helm release coffee of namespace shop: its next upgrade with today's values puts v1 back, whose pods are gone by then. Give it v2 first",
    ]);
    const managedFields = [{ manager: 'deploy-bot', operation: 'Apply', fieldsV1: { 'f:spec': {} } }];
    expect((await look({ routes: { managedFields }, rule: {} })).told).toEqual([
      "VirtualService coffee-shop was written by deploy-bot: its next apply of today's files puts v1 back, whose pods are gone by then. Give it v2 first",
    ]);
    expect((await look({ routes: { managedFields }, options: { undo: true } })).told).toEqual([]);
  });
});
