import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import * as forms from './known-forms.ts';
import { configMap, service, web } from './manifests.ts';

/** One kubectl command and what a real cluster prints for it. */
export interface Case {
  title: string;
  /** Words of the command; `POD`, `POD2` and `NODE` stand for names of this run. */
  args: string[];
  input?: string;
  env?: Record<string, string>;
  /**
   * The title of the recorded command
   * (test/fixtures/kubernetes/kubectl-outputs.json) its output is held against.
   */
  recorded?: string;
  /** Where nothing was recorded: the form real kubectl prints, in the words of `maskOutput`. */
  known?: { stdout?: string; stderr?: string; exit?: number };
  /** For commands that do not end by themselves. */
  until?: (written: string, tool: ChildProcessWithoutNullStreams) => boolean | Promise<boolean>;
  /** Prepares the scene; its output is not looked at. */
  isScene?: true;
}

const split = (text: string): string[] => text.split(' ');

const recorded = (title: string, args: string | string[], more: Partial<Case> = {}): Case => ({
  title,
  args: typeof args === 'string' ? split(args) : args,
  recorded: title,
  ...more,
});

const known = (
  args: string | string[],
  stdout: string,
  more: Partial<Case> & { stderr?: string; exit?: number } = {},
): Case => {
  const { stderr = '', exit = 0, ...rest } = more;
  const words = typeof args === 'string' ? split(args) : args;
  return { title: words.join(' '), args: words, known: { stdout, stderr, exit }, ...rest };
};

const scene = (args: string, input?: string): Case => ({
  title: `(${args})`,
  args: split(args),
  isScene: true,
  ...(input === undefined ? {} : { input }),
});

const untilLine = (pattern: RegExp) => (stdout: string) => pattern.test(stdout);

/** Asks through a forwarded port, once it is there. */
const untilAsked = (pattern: RegExp, path: string) => async (stdout: string) => {
  const port = pattern.exec(stdout)?.[1];
  if (port === undefined) return false;
  await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } }).then((one) =>
    one.text(),
  );
  return true;
};

const PODS = `web-<hash>-<id>  1/1  Running  0  <age>
web-<hash>-<id>  1/1  Running  0  <age>`;

const K = '-n kx';

export const CASES: Case[] = [
  recorded('create namespace', 'create namespace kx2'),
  scene('create namespace kx'),
  known('version', 'Client Version: v1.36.3\nKustomize Version: v5.8.1\nServer Version: v1.36.4'),
  known(
    'cluster-info',
    "Kubernetes control plane is running at https://<ip>\n\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.",
  ),
  known('api-versions', forms.apiVersions),
  known(
    'api-resources --api-group=apps',
    `NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND
controllerrevisions  apps/v1  true  ControllerRevision
daemonsets  ds  apps/v1  true  DaemonSet
deployments  deploy  apps/v1  true  Deployment
replicasets  rs  apps/v1  true  ReplicaSet
statefulsets  sts  apps/v1  true  StatefulSet`,
  ),
  known(
    'api-resources --api-group=autoscaling -o wide',
    `NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND  VERBS  CATEGORIES
horizontalpodautoscalers  hpa  autoscaling/v2  true  HorizontalPodAutoscaler  create,delete,deletecollection,get,list,patch,update,watch  all`,
  ),
  known(`get pods ${K}`, '', { stderr: 'No resources found in kx namespace.' }),
  recorded('apply (client-side), object absent, cold cache', 'apply -f -', { input: web() }),
  known('apply -f -', 'deployment.apps/web unchanged', {
    input: web(),
    title: 'apply (client-side), unchanged',
  }),
  known(`rollout status deploy/web ${K}`, 'deployment "web" successfully rolled out', {
    title: 'rollout status',
  }),
  known(
    `get events ${K} --field-selector involvedObject.kind=ReplicaSet,reason=SuccessfulCreate --no-headers`,
    `<age>  Normal  SuccessfulCreate  replicaset/web-<hash>  Created pod: web-<hash>-<id>
<age>  Normal  SuccessfulCreate  replicaset/web-<hash>  Created pod: web-<hash>-<id>`,
    { title: 'get events' },
  ),
  known(`describe deploy web ${K}`, forms.describeDeployment),
  known(`events ${K} --for deployment/web --types=Normal --no-headers`, forms.events, {
    title: 'events --for deployment/web',
  }),
  recorded('apply (client-side), changed env and replicas', 'apply -f -', {
    input: web({ replicas: 3, version: 'v2' }),
  }),
  scene(`rollout status deploy/web ${K}`),
  recorded('apply --validate=false --dry-run=server', 'apply --dry-run=server --validate=false -f -', {
    input: web({ replicas: 3, version: 'v3' }),
  }),
  recorded('diff (client-side)', 'diff -f -', { input: web({ replicas: 3, version: 'v3' }) }),
  recorded('diff --server-side', 'diff --server-side -f -', { input: web({ replicas: 3, version: 'v3' }) }),
  known('diff -f -', '', { input: web({ replicas: 3, version: 'v2' }), title: 'diff without a difference' }),
  recorded('apply --server-side, new object', 'apply --server-side -f -', { input: service }),
  recorded('apply --server-side, unchanged', 'apply --server-side -f -', { input: service }),
  recorded(
    'apply --server-side over a client-side applied object (migrates ownership)',
    'apply --server-side -f -',
    {
      input: web({ replicas: 3, version: 'v2' }),
    },
  ),
  recorded(
    'apply --server-side by another manager, conflict',
    'apply --server-side --field-manager=other -f -',
    {
      input: web({ replicas: 3, version: 'v9' }),
    },
  ),
  recorded(
    'apply --server-side --force-conflicts',
    'apply --server-side --force-conflicts --field-manager=other -f -',
    {
      input: web({ replicas: 2, version: 'v4' }),
    },
  ),
  known('apply -f -', '', {
    title: 'apply with an unknown field',
    input: web({ extra: '\n  replcas: 2' }),
    exit: 1,
    stderr:
      'The request is invalid: patch: Invalid value: "map[metadata:map[annotations:map[kubectl.kubernetes.io/last-applied-configuration:{\\"apiVersion\\":\\"apps/v1\\"…',
  }),
  scene(`rollout status deploy/web ${K}`),
  scene(`wait --for=jsonpath={.status.terminatingReplicas}=0 deploy/web --timeout=60s ${K}`),
  known(`get pods ${K}`, `NAME  READY  STATUS  RESTARTS  AGE\n${PODS}`, { title: 'get pods' }),
  known(
    `get pods ${K} -o wide`,
    `NAME  READY  STATUS  RESTARTS  AGE  IP  NODE  NOMINATED NODE  READINESS GATES
web-<hash>-<id>  1/1  Running  0  <age>  <ip>  <node>  <none>  <none>
web-<hash>-<id>  1/1  Running  0  <age>  <ip>  <node>  <none>  <none>`,
  ),
  known(`get pods ${K} -o name`, 'pod/web-<hash>-<id>\npod/web-<hash>-<id>'),
  known(
    `get pods -l app=web ${K} -o jsonpath={.items[*].spec.containers[*].image}`,
    'local.test/app:1 local.test/app:1',
  ),
  known(
    `get pods -l app=web,pod-template-hash ${K} --show-labels --no-headers`,
    `web-<hash>-<id>  1/1  Running  0  <age>  app=web,pod-template-hash=<hash>
web-<hash>-<id>  1/1  Running  0  <age>  app=web,pod-template-hash=<hash>`,
  ),
  known(`get pods -l app!=web ${K}`, '', { stderr: 'No resources found in kx namespace.' }),
  known(
    'get pods -A --field-selector status.phase=Running,metadata.namespace=kx',
    `NAMESPACE  NAME  READY  STATUS  RESTARTS  AGE
kx  web-<hash>-<id>  1/1  Running  0  <age>
kx  web-<hash>-<id>  1/1  Running  0  <age>`,
  ),
  known(`get pods ${K} -w`, `NAME  READY  STATUS  RESTARTS  AGE\n${PODS}`, {
    until: untilLine(/Running[^]*Running/),
    exit: 1,
  }),
  known(
    `get pods ${K} -o custom-columns=N:.metadata.name,P:.status.phase`,
    'N  P\nweb-<hash>-<id>  Running\nweb-<hash>-<id>  Running',
  ),
  known(
    `get deploy ${K} -o wide`,
    `NAME  READY  UP-TO-DATE  AVAILABLE  AGE  CONTAINERS  IMAGES  SELECTOR
web  2/2  2  2  <age>  app  local.test/app:1  app=web`,
  ),
  known(
    `get rs ${K} --sort-by=.spec.replicas`,
    `NAME  DESIRED  CURRENT  READY  AGE
web-<hash>  0  0  0  <age>
web-<hash>  0  0  0  <age>
web-<hash>  2  2  2  <age>`,
  ),
  known(
    `get svc ${K}`,
    'NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE\nweb  ClusterIP  <ip>  <none>  80/TCP  <age>',
  ),
  known(`get svc,deploy ${K} -o name`, 'service/web\ndeployment.apps/web'),
  known(
    `get endpointslices ${K}`,
    'NAME  ADDRESSTYPE  PORTS  ENDPOINTS  AGE\nweb-<id>  IPv4  8080  <ip>,<ip>  <age>',
  ),
  known(
    `get configmaps,serviceaccounts ${K}`,
    `NAME  DATA  AGE
configmap/kube-root-ca.crt  1  <age>

NAME  AGE
serviceaccount/default  <age>`,
  ),
  known(`get deploy nope ${K}`, '', {
    stderr: 'Error from server (NotFound): deployments.apps "nope" not found',
    exit: 1,
  }),
  known('get nopes', '', { stderr: `error: the server doesn't have a resource type "nopes"`, exit: 1 }),
  known(
    ['get', 'deploy', 'web', '-n', 'kx', '-o', 'yaml', '--show-managed-fields=false'],
    forms.deploymentYaml,
  ),
  known(
    ['get', 'deploy', 'web', '-n', 'kx', '-o', 'go-template={{.spec.replicas}}/{{.status.readyReplicas}}'],
    '2/2',
  ),
  known(['get', '--raw', '/readyz'], 'ok'),
  known(`get nodes`, 'NAME  STATUS  ROLES  AGE  VERSION\n<node>  Ready  <none>  <age>  v1.36.4'),
  known(`describe svc web ${K}`, forms.describeService),
  known(`describe pod POD ${K}`, forms.describePod),
  known(`explain deploy.spec.strategy`, forms.explainStrategy),
  known(`explain pod.spec.terminationGracePeriodSeconds`, forms.explainGrace),
  known('explain pod.spec.nope', 'KIND:  Pod\nVERSION:  v1', {
    stderr: 'error: field "nope" does not exist',
    exit: 1,
  }),
  known(`top pods ${K}`, '', { stderr: 'error: Metrics API not available', exit: 1 }),
  known('top nodes', '', { stderr: 'error: Metrics API not available', exit: 1 }),
  recorded('scale', `scale deploy/web --replicas=1 ${K}`),
  recorded('scale with precondition', `scale deploy/web --current-replicas=1 --replicas=2 ${K}`),
  known(`scale deploy/web --current-replicas=7 --replicas=2 ${K}`, '', {
    stderr: 'error: Expected replicas to be 7, was 2',
    exit: 1,
  }),
  known(`wait --for=condition=Available deploy/web --timeout=60s ${K}`, 'deployment.apps/web condition met'),
  known(
    `wait --for=jsonpath={.status.readyReplicas}=2 deploy/web --timeout=60s ${K}`,
    'deployment.apps/web condition met',
  ),
  known(
    `wait --for=condition=Ready pod -l app=web --timeout=60s ${K}`,
    'pod/web-<hash>-<id> condition met\npod/web-<hash>-<id> condition met',
  ),
  known(`wait --for=delete pod/none --timeout=5s ${K}`, ''),
  recorded('set env', `set env deploy/web VERSION=v5 ${K}`),
  known(
    `rollout history deploy/web ${K}`,
    'deployment.apps/web\nREVISION  CHANGE-CAUSE\n1  <none>\n2  <none>\n3  <none>\n4  <none>',
  ),
  known(`rollout history deploy/web --revision=4 ${K}`, forms.historyOfRevision),
  recorded('rollout restart', `rollout restart deploy/web ${K}`),
  known(`rollout status deploy/web ${K}`, 'deployment "web" successfully rolled out', {
    title: 'rollout status after restart',
  }),
  known(`rollout status --watch=false deploy/web ${K}`, 'deployment "web" successfully rolled out'),
  recorded('rollout undo', `rollout undo deploy/web ${K}`),
  recorded('rollout pause', `rollout pause deploy/web ${K}`),
  known(`rollout pause deploy/web ${K}`, '', {
    title: 'rollout pause, twice',
    stderr: 'error: deployments.apps "web" is already paused',
    exit: 1,
  }),
  recorded('rollout resume', `rollout resume deploy/web ${K}`),
  scene(`rollout status deploy/web ${K}`),
  recorded('patch (strategic default)', [
    'patch',
    'deploy',
    'web',
    '-p',
    '{"metadata":{"annotations":{"a":"1"}}}',
    '-n',
    'kx',
  ]),
  recorded('patch --type=merge', [
    'patch',
    'deploy',
    'web',
    '--type=merge',
    '-p',
    '{"metadata":{"annotations":{"a":"2"}}}',
    '-n',
    'kx',
  ]),
  recorded('patch --type=json', [
    'patch',
    'deploy',
    'web',
    '--type=json',
    '-p',
    '[{"op":"replace","path":"/metadata/annotations/a","value":"3"}]',
    '-n',
    'kx',
  ]),
  recorded('patch --subresource=scale', [
    'patch',
    'deploy',
    'web',
    '--subresource=scale',
    '--type=merge',
    '-p',
    '{"spec":{"replicas":2}}',
    '-n',
    'kx',
  ]),
  known(
    ['patch', 'deploy', 'web', '-n', 'kx', '-p', '{"spec":{"selector":{"matchLabels":{"app":"x"}}}}'],
    '',
    {
      title: 'patch of what cannot change',
      stderr:
        'The Deployment "web" is invalid:\n* spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`\n* spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
      exit: 1,
    },
  ),
  recorded('label', `label deploy web tier=x ${K}`),
  known(`label deploy web tier=y ${K}`, '', {
    stderr: "error: 'tier' already has a value (x), and --overwrite is false",
    exit: 1,
  }),
  recorded('annotate --overwrite', `annotate deploy web a=4 --overwrite ${K}`),
  recorded('replace -f (no resourceVersion in file)', 'replace -f -', { input: web({ version: 'v6' }) }),
  known(`edit deploy web ${K}`, 'deployment.apps/web edited', { env: { KUBE_EDITOR: 'sed -i -e s/v6/v7/' } }),
  known(`edit deploy web ${K}`, '', {
    env: { KUBE_EDITOR: 'true' },
    stderr: 'Edit cancelled, no changes made.',
    title: 'edit without a change',
  }),
  scene(`rollout status deploy/web ${K}`),
  scene(`wait --for=jsonpath={.status.terminatingReplicas}=0 deploy/web --timeout=60s ${K}`),
  known(`logs deploy/web ${K}`, 'start version=v7', {
    title: 'logs deploy/',
    stderr: 'Found 2 pods, using pod/web-<hash>-<id>',
  }),
  known(
    `logs -l app=web --tail=1 --prefix ${K}`,
    '[pod/web-<hash>-<id>/app] start version=v7\n[pod/web-<hash>-<id>/app] start version=v7',
  ),
  known(`logs POD -c app --timestamps ${K}`, '<time> start version=v7'),
  known(`logs -f POD --since=1h ${K}`, 'start version=v7', { until: untilLine(/start/) }),
  known(`logs POD --previous ${K}`, '', {
    stderr:
      'Error from server (BadRequest): previous terminated container "app" in pod "web-<hash>-<id>" not found',
    exit: 1,
  }),
  known(`logs POD -c nope ${K}`, '', {
    stderr: 'error: container nope is not valid for pod web-<hash>-<id> out of: app',
    exit: 1,
  }),
  known(['exec', 'POD', '-n', 'kx', '--', 'echo', 'hello'], 'hello'),
  known(['exec', '-i', 'POD', '-n', 'kx', '--', 'cat'], 'typed', { input: 'typed\n' }),
  known(['exec', 'POD', '-n', 'kx', '--', 'sh', '-c', 'exit 3'], '', {
    stderr: 'command terminated with exit code 3',
    exit: 3,
  }),
  known(`port-forward POD :8080 ${K}`, 'Forwarding from <ip> -> 8080\nHandling connection for <port>', {
    until: untilAsked(/127\.0\.0\.1:(\d+) ->/, '/'),
    exit: 0,
  }),
  known(`port-forward svc/web :80 ${K}`, 'Forwarding from <ip> -> 8080\nHandling connection for <port>', {
    until: untilAsked(/127\.0\.0\.1:(\d+) ->/, '/'),
    exit: 0,
  }),
  known('proxy --port=0', 'Starting to serve on <ip>', {
    until: untilAsked(/127\.0\.0\.1:(\d+)/, '/api/v1/namespaces/kx/services/web:80/proxy/'),
    exit: -1,
  }),
  recorded('expose', `expose deploy web --name=web2 --port=80 ${K}`),
  recorded('run', `run one --image=local.test/app:1 --image-pull-policy=Never ${K}`),
  scene(`wait --for=condition=Ready pod/one --timeout=60s ${K}`),
  known(`attach one ${K}`, '', {
    stderr: `All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.
If you don't see a command prompt, try pressing enter.`,
    until: untilLine(/try pressing/),
  }),
  recorded('delete pod (default: waits)', `delete pod one ${K}`),
  recorded('delete pod --grace-period=0 --force', `delete pod POD --grace-period=0 --force ${K}`),
  recorded('create deployment (imperative)', 'create deployment d1 --image=local.test/app:1 -n kx2'),
  recorded('create configmap', 'create configmap c1 --from-literal=a=b -n kx2'),
  known('create secret generic s1 --from-literal=a=b -n kx2', 'secret/s1 created'),
  known(['get', 'secret', 's1', '-n', 'kx2', '-o', 'jsonpath={.data.a}'], 'Yg=='),
  recorded('auth can-i', 'auth can-i create deployments -n kx2'),
  known('auth can-i create deployments -n kx2 --as=system:serviceaccount:kx2:default', 'no', { exit: 1 }),
  recorded('auth can-i --list', 'auth can-i --list -n kx2'),
  recorded('auth whoami', 'auth whoami'),
  recorded('autoscale', 'autoscale deploy d1 --min=1 --max=3 --cpu=80% -n kx2'),
  known(
    'get hpa -n kx2',
    'NAME  REFERENCE  TARGETS  MINPODS  MAXPODS  REPLICAS  AGE\nd1  Deployment/d1  cpu: <unknown>/80%  1  3  0  <age>',
  ),
  recorded('create token', 'create token default -n kx2'),
  recorded('cordon', 'cordon NODE'),
  known('get nodes --no-headers', '<node>  Ready,SchedulingDisabled  <none>  <age>  v1.36.4'),
  recorded('uncordon', 'uncordon NODE'),
  recorded('edit-like: label node', 'label node NODE z=1'),
  recorded('label node remove', 'label node NODE z-'),
  known('create quota few --hard=pods=0 -n kx2', 'resourcequota/few created'),
  known('run two --image=local.test/app:1 -n kx2', '', {
    stderr:
      'Error from server (Forbidden): pods "two" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=0',
    exit: 1,
  }),
  recorded('delete ns', 'delete ns kx2 --wait=false'),
  recorded('create -f again: AlreadyExists', 'create -f -', { input: web() }),
  recorded('delete deploy --cascade=foreground', `delete deploy web --cascade=foreground ${K}`, {}),
  recorded('create -f (generateName-less deployment)', 'create -f -', { input: web() }),
  known(`delete deploy web --cascade=orphan ${K}`, 'deployment.apps "web" deleted from kx namespace'),
  known(`get rs ${K} -o jsonpath={.items[*].metadata.ownerReferences}`, ''),
  scene('create -f -', web()),
  recorded('delete deploy --wait=false', `delete deploy web --wait=false ${K}`),
  known(
    `wait --for=delete pod -l app=web --timeout=60s ${K}`,
    'pod/web-<hash>-<id> condition met\npod/web-<hash>-<id> condition met',
  ),
  recorded('delete -f - missing --ignore-not-found', 'delete --ignore-not-found -f -', { input: web() }),
  known('delete -f -', '', {
    stderr: 'Error from server (NotFound): error when deleting "STDIN": deployments.apps "web" not found',
    exit: 1,
    input: web(),
    title: 'delete of what is not there',
  }),
  scene('apply -f -', configMap('1', true)),
  known(`delete configmap held ${K} --wait=false`, 'configmap "held" deleted from kx namespace', {
    title: 'delete with a finalizer',
  }),
  known(
    [
      'get',
      'configmap',
      'held',
      '-n',
      'kx',
      '-o',
      'jsonpath={.metadata.deletionTimestamp}{.metadata.finalizers}',
    ],
    '<time>["example.com/hold"]',
  ),
  known(
    [
      'patch',
      'configmap',
      'held',
      '-n',
      'kx',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/metadata/finalizers"}]',
    ],
    'configmap/held patched',
    { title: 'the last finalizer goes' },
  ),
  known(`get configmap held ${K}`, '', {
    stderr: 'Error from server (NotFound): configmaps "held" not found',
    exit: 1,
  }),
  recorded('delete svc -l / --all', `delete svc --all ${K}`),
  recorded('delete namespace', 'delete namespace kx'),
  known('get ns kx', '', { stderr: 'Error from server (NotFound): namespaces "kx" not found', exit: 1 }),
  known('get sa -n kx', '', { stderr: 'No resources found in kx namespace.' }),
];
