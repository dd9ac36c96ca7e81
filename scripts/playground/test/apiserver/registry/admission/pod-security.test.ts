import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../../apiserver/index.ts';
import { createStore } from '../../../../storage/store.ts';
import { ask } from '../../http-client.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ store: createStore(), clusterObjects: false });
});

afterAll(() => server.close());

const LABEL = 'pod-security.kubernetes.io';

type Json = Record<string, unknown>;

async function namespace(name: string, levels: Record<string, string>): Promise<void> {
  const labels = Object.fromEntries(Object.entries(levels).map(([key, value]) => [`${LABEL}/${key}`, value]));
  const { code } = await ask(server, 'POST', '/api/v1/namespaces', { body: { metadata: { name, labels } } });
  expect(code).toBe(201);
}

const post = (path: string, spec: Json, name = 'x') =>
  ask(server, 'POST', path, { body: { metadata: { name }, spec } });

const create = (space: string, spec: Json, name = 'x') =>
  post(`/api/v1/namespaces/${space}/pods`, spec, name);

const container = (name: string, securityContext?: Json, more: Json = {}) => ({
  name,
  image: 'shop:1',
  ...(securityContext === undefined ? {} : { securityContext }),
  ...more,
});

const careful = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const ALL_FOUR =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

describe('a namespace that enforces a pod-security level', () => {
  it('refuses a pod that says nothing of its security when it is restricted, and lets a careful one in', async () => {
    await namespace('restricted', { enforce: 'restricted' });
    const refused = await create('restricted', { containers: [container('c')] });
    expect([refused.code, refused.body.reason, refused.body.message]).toEqual([
      403,
      'Forbidden',
      `pods "x" is forbidden: violates PodSecurity "restricted:latest": ${ALL_FOUR}`,
    ]);
    expect((await create('restricted', { containers: [container('c', careful)] })).code).toBe(201);
    const asPod = {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        container('c', { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }),
        container('d', careful),
      ],
    };
    expect((await create('restricted', asPod, 'y')).code).toBe(201);
  });

  it('tells who of several breaks what, init containers first, and a wrong word before a missing one', async () => {
    const spec = {
      securityContext: { runAsNonRoot: false, runAsUser: 0, seccompProfile: { type: 'Unconfined' } },
      initContainers: [container('init', { ...careful, runAsNonRoot: false })],
      containers: [
        container('c', { ...careful, capabilities: { drop: ['ALL'], add: ['SYS_TIME', 'CHOWN'] } }),
        container('d', { ...careful, capabilities: {}, seccompProfile: { type: 'Unconfined' } }),
      ],
      volumes: [
        { name: 'root', hostPath: { path: '/' } },
        { name: 'share', nfs: { server: 's', path: '/' } },
        { name: 'fine', emptyDir: {} },
      ],
    };
    const { body } = await create('restricted', spec);
    expect(body.message).toBe(
      `pods "x" is forbidden: violates PodSecurity "restricted:latest": ${[
        'unrestricted capabilities (container "d" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN", "SYS_TIME" in securityContext.capabilities.add)',
        'restricted volume types (volumes "root", "share" use restricted volume types "hostPath", "nfs")',
        'runAsNonRoot != true (pod and container "init" must not set securityContext.runAsNonRoot=false)',
        'runAsUser=0 (pod must not set runAsUser=0)',
        'seccompProfile (pod and container "d" must not set securityContext.seccompProfile.type to "Unconfined")',
      ].join(', ')}`,
    );
  });

  it.each([
    [
      'hostNetwork and hostPID',
      { hostNetwork: true, hostPID: true },
      {},
      'host namespaces (hostNetwork=true, hostPID=true)',
    ],
    [
      'a hostPath volume',
      { volumes: [{ name: 'root', hostPath: { path: '/' } }] },
      {},
      'hostPath volumes (volume "root")',
    ],
    [
      'host ports',
      {},
      {
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 443, hostPort: 443 },
        ],
      },
      'hostPort (container "c" uses hostPorts 443, 80)',
    ],
    [
      'a privileged container',
      {},
      { securityContext: { privileged: true } },
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      'a capability that containers do not have by themselves',
      {},
      { securityContext: { capabilities: { add: ['NET_RAW', 'CHOWN'] } } },
      'non-default capabilities (container "c" must not include "NET_RAW" in securityContext.capabilities.add)',
    ],
    [
      'no seccomp',
      {},
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'no AppArmor',
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      {},
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'an SELinux type and user of its own',
      { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
      {},
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ],
    [
      'an unsafe sysctl',
      {
        securityContext: {
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'net.ipv4.tcp_rmem', value: '1' },
          ],
        },
      },
      {},
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'a probe of another host',
      {},
      { readinessProbe: { httpGet: { host: 'elsewhere', port: 80 } } },
      'probe or lifecycle host (container "c" uses probe or lifecycle host "elsewhere")',
    ],
    [
      'an unmasked /proc',
      {},
      { securityContext: { procMount: 'Unmasked' } },
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
  ])('refuses %s already at baseline', async (_, pod, ofContainer, why) => {
    const level = 'baseline-of-old-and-new';
    if ((await ask(server, 'GET', `/api/v1/namespaces/${level}`)).code === 404)
      await namespace(level, { enforce: 'baseline', 'enforce-version': 'v1.36' });
    const { code, body } = await create(level, {
      ...pod,
      containers: [container('c', undefined, ofContainer)],
    });
    expect([code, body.message]).toEqual([
      403,
      `pods "x" is forbidden: violates PodSecurity "baseline:v1.36": ${why}`,
    ]);
  });

  it('lets the plain pod in at baseline, and anything where no level is named', async () => {
    await namespace('baseline', { enforce: 'baseline' });
    await namespace('open', {});
    expect((await create('baseline', { containers: [container('c')] })).code).toBe(201);
    const privileged = { hostNetwork: true, containers: [container('c', { privileged: true })] };
    expect((await create('open', privileged)).code).toBe(201);
  });

  it('holds a pod to the version it names: older ones do not know the younger rules', async () => {
    await namespace('older', { enforce: 'baseline', 'enforce-version': 'v1.33' });
    const probing = container('c', undefined, {
      readinessProbe: { tcpSocket: { host: 'elsewhere', port: 80 } },
    });
    expect((await create('older', { containers: [probing] })).code).toBe(201);
    const rooted = { hostUsers: false, containers: [container('c', { ...careful, runAsNonRoot: false })] };
    await namespace('younger', { enforce: 'restricted', 'enforce-version': 'v1.35' });
    await namespace('elder', { enforce: 'restricted', 'enforce-version': 'v1.34' });
    expect((await create('younger', rooted)).code).toBe(201);
    expect((await create('elder', rooted)).code).toBe(403);
  });
});

describe('the warnings of pod security', () => {
  const deployment = {
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers: [container('c')] } },
  };
  const said = `299 - "would violate PodSecurity \\"restricted:latest\\": ${ALL_FOUR.replaceAll('"', '\\"')}"`;

  it('are told to who creates, changes or applies a Deployment: of the level it warns of, else of the enforced', async () => {
    await namespace('warned', { warn: 'restricted' });
    await namespace('strict', { enforce: 'restricted' });
    for (const space of ['warned', 'strict']) {
      const path = `/apis/apps/v1/namespaces/${space}/deployments`;
      const made = await post(path, deployment);
      expect([made.code, made.headers['warning']]).toEqual([201, said]);
      const changed = await ask(server, 'PATCH', `${path}/x`, {
        body: { metadata: { labels: { a: 'b' } } },
        contentType: 'application/merge-patch+json',
      });
      expect([changed.code, changed.headers['warning']]).toEqual([200, said]);
      const applied = await ask(server, 'PATCH', `${path}/y?fieldManager=me`, {
        body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'y' }, spec: deployment },
        contentType: 'application/apply-patch+yaml',
      });
      expect([applied.code, applied.headers['warning']]).toEqual([201, said]);
    }
    const pod = await create('warned', { containers: [container('c')] });
    expect([pod.code, pod.headers['warning']]).toEqual([201, said]);
  });

  it('are not told of audit, nor of scaling, nor of a relabelled pod', async () => {
    await namespace('audited', { audit: 'restricted' });
    const path = '/apis/apps/v1/namespaces/audited/deployments';
    expect((await post(path, deployment)).headers['warning']).toBeUndefined();
    const patch = (to: string, body: unknown) =>
      ask(server, 'PATCH', to, { body, contentType: 'application/merge-patch+json' });
    const scaled = await patch('/apis/apps/v1/namespaces/warned/deployments/x/scale', {
      spec: { replicas: 2 },
    });
    const labelled = await patch('/api/v1/namespaces/warned/pods/x', { metadata: { labels: { a: 'b' } } });
    expect([scaled, labelled].map(({ code, headers }) => [code, headers['warning']])).toEqual([
      [200, undefined],
      [200, undefined],
    ]);
  });

  it('name the pods that a stricter level would not have let in', async () => {
    await namespace('tightened', {});
    for (const name of ['b', 'a', 'c']) await create('tightened', { containers: [container('c')] }, name);
    await create('tightened', { hostNetwork: true, containers: [container('c', careful)] }, 'd');
    const label = (level: string) =>
      ask(server, 'PATCH', '/api/v1/namespaces/tightened', {
        body: { metadata: { labels: { [`${LABEL}/enforce`]: level } } },
        contentType: 'application/merge-patch+json',
      });
    const { code, headers } = await label('restricted');
    expect([code, headers['warning']]).toEqual([
      200,
      [
        'existing pods in namespace \\"tightened\\" violate the new PodSecurity enforce level \\"restricted:latest\\"',
        'a (and 2 other pods): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
        'd: host namespaces',
      ]
        .map((line) => `299 - "${line}"`)
        .join(', '),
    ]);
    expect((await label('privileged')).headers['warning']).toBeUndefined();
  });
});

describe('a namespace whose labels name no level', () => {
  it('is refused', async () => {
    const labels = { [`${LABEL}/enforce`]: 'strict', [`${LABEL}/warn-version`]: '1.36' };
    const { code, body } = await ask(server, 'POST', '/api/v1/namespaces', {
      body: { metadata: { name: 'wrong', labels } },
    });
    expect([code, body.message]).toEqual([
      422,
      `Namespace "wrong" is invalid: [metadata.labels[${LABEL}/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[${LABEL}/warn-version]: Invalid value: "1.36": must be "latest" or "v1.x"]`,
    ]);
  });
});
