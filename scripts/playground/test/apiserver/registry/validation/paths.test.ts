import { describe, expect, it } from '@jest/globals';
import { createStore } from '../../../../storage/store.ts';
import { StatusError } from '../../../../apiserver/status-error.ts';

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

type Spec = Record<string, unknown>;

const container = (more: Spec = {}): Spec => ({ name: 'app', image: 'shop:1', ...more });
const specOf = (more: Spec = {}): Spec => ({ containers: [container()], ...more });
const mounted = (volume: Spec, mount: Spec = {}): Spec => ({
  volumes: [{ name: 'v', ...volume }],
  containers: [container({ volumeMounts: [{ name: 'v', mountPath: '/data', ...mount }] })],
});

const object = (key: string, kind: string, more: Spec, name = 'it') => ({
  apiVersion: key.split('/').slice(0, -1).join('/'),
  kind,
  metadata: { name, namespace: 'default' },
  ...more,
});

/** What the API server says to it: its code and its words, or `accepted`. */
function answerTo(key: string, kind: string, more: Spec, name?: string): string {
  try {
    createStore({}).create(key, object(key, kind, more, name));
    return 'accepted';
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
}

const pod = (spec: Spec): string => answerTo('v1/pods', 'Pod', { spec });
const refused = (what: string): string => `422 Pod "it" is invalid: ${what}`;

const key = 'k';
const configMap = (path: string): Spec => ({ configMap: { name: 'c', items: [{ key, path }] } });
const secret = (path: string): Spec => ({ secret: { secretName: 's', items: [{ key, path }] } });
const fieldRef = { fieldPath: 'metadata.name' };
const downward = (path: string): Spec => ({ downwardAPI: { items: [{ path, fieldRef }] } });
const source = (one: Spec): Spec => ({ projected: { sources: [one] } });

describe('names of a pod that become paths on its node', () => {
  it('are taken as a cluster takes them', () => {
    expect(pod(mounted({ emptyDir: {} }, { subPath: 'a/b' }))).toBe('accepted');
    expect(pod(mounted(configMap('a/b..c')))).toBe('accepted');
    expect(pod(mounted({ hostPath: { path: '/var/log', type: 'Directory' } }))).toBe('accepted');
    expect(pod(mounted(source({ serviceAccountToken: { path: 'token', expirationSeconds: 600 } })))).toBe(
      'accepted',
    );
    expect(pod(mounted(source(downward('labels'))))).toBe('accepted');
    expect(pod(mounted({}))).toBe('accepted');
  });

  it.each<[string, Spec, string]>([
    [
      'a container',
      specOf({ containers: [container({ name: '../../x' })] }),
      `spec.containers[0].name: Invalid value: "../../x": ${LABEL}`,
    ],
    [
      'a container with dots',
      specOf({ containers: [container({ name: 'a.b' })] }),
      'spec.containers[0].name: Invalid value: "a.b": must not contain dots',
    ],
    [
      'a container of 64 letters',
      specOf({ containers: [container({ name: 'a'.repeat(64) })] }),
      `spec.containers[0].name: Invalid value: "${'a'.repeat(64)}": must be no more than 63 bytes`,
    ],
    [
      'an init container',
      specOf({ initContainers: [container({ name: '..' })] }),
      `spec.initContainers[0].name: Invalid value: "..": ${LABEL}`,
    ],
    [
      'a volume',
      specOf({ volumes: [{ name: '../../x', emptyDir: {} }] }),
      `spec.volumes[0].name: Invalid value: "../../x": ${LABEL}`,
    ],
    ['a volume without one', specOf({ volumes: [{ emptyDir: {} }] }), 'spec.volumes[0].name: Required value'],
    [
      'a second volume',
      specOf({ volumes: [{ name: 'v' }, { name: 'v' }] }),
      'spec.volumes[1].name: Duplicate value: "v"',
    ],
    [
      'a mount of no volume',
      specOf({ containers: [container({ volumeMounts: [{ name: '../x', mountPath: '/x' }] })] }),
      'spec.containers[0].volumeMounts[0].name: Not found: "../x"',
    ],
    [
      'a mount without a path',
      mounted({ emptyDir: {} }, { mountPath: '' }),
      'spec.containers[0].volumeMounts[0].mountPath: Required value',
    ],
    [
      'a subPath',
      mounted({ emptyDir: {} }, { subPath: 'a/../../../x' }),
      `spec.containers[0].volumeMounts.subPath: Invalid value: "a/../../../x": must not contain '..'`,
    ],
    [
      'an absolute subPath',
      mounted({ emptyDir: {} }, { subPath: '/etc' }),
      'spec.containers[0].volumeMounts.subPath: Invalid value: "/etc": must be a relative path',
    ],
    [
      'a subPathExpr',
      mounted({ emptyDir: {} }, { subPathExpr: '../$(POD)' }),
      `spec.containers[0].volumeMounts.subPathExpr: Invalid value: "../$(POD)": must not contain '..'`,
    ],
    [
      'an item of a ConfigMap',
      mounted(configMap('../../x')),
      `spec.volumes[0].configMap.items[0].path: Invalid value: "../../x": must not contain '..'`,
    ],
    [
      'an absolute item of a ConfigMap',
      mounted(configMap('/etc/x')),
      'spec.volumes[0].configMap.items[0].path: Invalid value: "/etc/x": must be a relative path',
    ],
    [
      'an item in the way of the kubelet',
      mounted(configMap('..data')),
      `spec.volumes[0].configMap.items[0].path: Invalid value: "..data": must not start with '..'`,
    ],
    [
      'an item without one',
      mounted({ configMap: { name: 'c', items: [{ key, path: '' }] } }),
      'spec.volumes[0].configMap.items[0].path: Required value',
    ],
    [
      'an item of a Secret',
      mounted(secret('a/../../x')),
      `spec.volumes[0].secret.items[0].path: Invalid value: "a/../../x": must not contain '..'`,
    ],
    [
      'a field of the pod',
      mounted(downward('../x')),
      `spec.volumes[0].downwardAPI.path: Invalid value: "../x": must not contain '..'`,
    ],
    [
      'a projected item of a ConfigMap',
      mounted(source(configMap('../x'))),
      `spec.volumes[0].projected.sources[0].configMap.items[0].path: Invalid value: "../x": must not contain '..'`,
    ],
    [
      'a projected item of a Secret',
      mounted(source({ secret: { name: 's', items: [{ key, path: '../x' }] } })),
      `spec.volumes[0].projected.sources[0].secret.items[0].path: Invalid value: "../x": must not contain '..'`,
    ],
    [
      'a projected field of the pod',
      mounted(source(downward('/x'))),
      'spec.volumes[0].projected.sources[0].downwardAPI.path: Invalid value: "/x": must be a relative path',
    ],
    [
      'a projected token',
      mounted(source({ serviceAccountToken: { path: '../token' } })),
      `spec.volumes[0].projected.path: Invalid value: "../token": must not contain '..'`,
    ],
    [
      'two projected items',
      mounted({ projected: { sources: [downward('a'), downward('a')] } }),
      'spec.volumes[0].projected: Invalid value: "a": conflicting duplicate paths',
    ],
    [
      'a path of the host',
      mounted({ hostPath: { path: '/var/../etc' } }),
      `spec.volumes[0].hostPath.path: Invalid value: "/var/../etc": must not contain '..'`,
    ],
    [
      'a repository’s folder',
      mounted({ gitRepo: { repository: 'r', directory: '../x' } }),
      `spec.volumes[0].gitRepo.directory: Invalid value: "../x": must not contain '..'`,
    ],
    [
      'a mode',
      mounted({ configMap: { name: 'c', defaultMode: 4095 } }),
      'spec.volumes[0].configMap.defaultMode: Invalid value: 4095: must be a number between 0 and 0777 (octal), both inclusive',
    ],
    [
      'two kinds of volume',
      mounted({ emptyDir: {}, configMap: { name: 'c' } }),
      'spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type',
    ],
  ])('are refused for %s', (_what, spec, message) => {
    const answer = pod(spec);
    // A volume that is refused is none that could be mounted.
    expect(
      answer.replace(
        /^(.*: )\[(.*), spec\.containers\[0\]\.volumeMounts\[0\]\.name: Not found: "v"\]$/,
        '$1$2',
      ),
    ).toBe(refused(message));
  });

  it.each([
    ['apps/v1/deployments', 'Deployment', 'Deployment.apps', 'spec.template'],
    ['apps/v1/replicasets', 'ReplicaSet', 'ReplicaSet.apps', 'spec.template'],
    ['apps/v1/daemonsets', 'DaemonSet', 'DaemonSet.apps', 'spec.template'],
    ['batch/v1/jobs', 'Job', 'Job.batch', 'spec.template'],
    ['batch/v1/cronjobs', 'CronJob', 'CronJob.batch', 'spec.jobTemplate.spec.template'],
    ['v1/replicationcontrollers', 'ReplicationController', 'ReplicationController', 'spec.template'],
    ['v1/podtemplates', 'PodTemplate', 'PodTemplate', 'template'],
  ])('are refused in the template of %s', (resource, kind, shown, at) => {
    const labels = { app: 'it' };
    const template = { metadata: { labels }, spec: specOf({ containers: [container({ name: '../x' })] }) };
    const inside = at.split('.').reduceRight<unknown>((value, name) => ({ [name]: value }), template) as {
      spec?: Spec;
    };
    const more =
      inside.spec === undefined
        ? inside
        : { ...inside, spec: { ...inside.spec, selector: { matchLabels: labels } } };
    expect(answerTo(resource, kind, more)).toBe(
      `422 ${shown} "it" is invalid: ${at}.spec.containers[0].name: Invalid value: "../x": ${LABEL}`,
    );
  });
});

describe('keys that become names of files', () => {
  it.each([
    ['v1/configmaps', 'ConfigMap'],
    ['v1/secrets', 'Secret'],
  ])('are refused in %s as a cluster refuses them', (resource, kind) => {
    const keyed = (name: string): string => answerTo(resource, kind, { data: { [name]: 'eA==' } });
    const because = (name: string, why: string): string =>
      `422 ${kind} "it" is invalid: data[${name}]: Invalid value: "${name}": ${why}`;
    expect(keyed('key_1.A-b')).toBe('accepted');
    expect(keyed('.hidden')).toBe('accepted');
    expect(keyed('a/b')).toBe(because('a/b', KEY));
    expect(keyed('.')).toBe(because('.', "must not be '.'"));
    expect(keyed('..')).toBe(because('..', "must not be '..'"));
    expect(keyed('..data')).toBe(because('..data', "must not start with '..'"));
    expect(keyed('a'.repeat(254))).toBe(because('a'.repeat(254), 'must be no more than 253 bytes'));
  });

  it('are looked at in the plain text of a Secret, which becomes its data', () => {
    const plain = (stringData: Spec): string =>
      answerTo('v1/secrets', 'Secret', { data: { a: 'eA==' }, stringData });
    expect(plain({ a: 'x', 'b.c': 'y' })).toBe('accepted');
    for (const name of ['../../x', '..data', 'a/b'])
      expect(plain({ [name]: 'x' })).toContain(`data[${name}]: Invalid value: "${name}": `);
  });

  it('are looked at in binary data, too, and may not be in both', () => {
    const both = (data: Spec, binaryData: Spec): string =>
      answerTo('v1/configmaps', 'ConfigMap', { data, binaryData });
    expect(both({}, { '../x': 'eA==' })).toContain(`binaryData[../x]: Invalid value: "../x": ${KEY}`);
    expect(both({ a: 'x' }, { a: 'eA==' })).toContain(
      'data[a]: Invalid value: "a": duplicate of key present in binaryData, binaryData[a]: Invalid value: "a": duplicate of key present in data',
    );
  });
});

it.each(['../x', '..', 'a/b', '', 'A'])('a pod cannot be called %j', (name) => {
  const why =
    name === ''
      ? 'Required value: name or generateName is required'
      : `Invalid value: "${name}": ${SUBDOMAIN}`;
  expect(answerTo('v1/pods', 'Pod', { spec: specOf() }, name)).toBe(
    `422 Pod "${name}" is invalid: metadata.name: ${why}`,
  );
});
