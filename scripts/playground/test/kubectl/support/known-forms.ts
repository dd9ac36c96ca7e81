/** What real kubectl prints for some commands of the matrix, masked by `maskOutput`. */

export const apiVersions = `admissionregistration.k8s.io/v1
apiextensions.k8s.io/v1
apiregistration.k8s.io/v1
apps/v1
authentication.k8s.io/v1
authorization.k8s.io/v1
autoscaling/v1
autoscaling/v2
batch/v1
certificates.k8s.io/v1
coordination.k8s.io/v1
discovery.k8s.io/v1
events.k8s.io/v1
flowcontrol.apiserver.k8s.io/v1
networking.k8s.io/v1
node.k8s.io/v1
policy/v1
rbac.authorization.k8s.io/v1
resource.k8s.io/v1
scheduling.k8s.io/v1
storage.k8s.io/v1
v1`;

/** A pod template as `describe` and `rollout history` write it. */
const template = (version: string, ...labels: string[]): string =>
  `Labels:  ${['app=web', ...labels].join('\n  ')}
  Containers:
  app:
  Image:  local.test/app:1
  Port:  8080/TCP (http)
  Host Port:  0/TCP (http)
  Readiness:  http-get http://:8080/healthz delay=<age> timeout=<age> period=<age> #success=1 #failure=3
  Environment:
  VERSION:  ${version}
  Mounts:  <none>
  Volumes:  <none>
  Node-Selectors:  <none>
  Tolerations:  <none>`;

export const describeDeployment = `Name:  web
Namespace:  kx
CreationTimestamp:  <time>
Labels:  app=web
Annotations:  deployment.kubernetes.io/revision: 1
Selector:  app=web
Replicas:  2 desired | 2 updated | 2 total | 2 available | 0 unavailable
StrategyType:  RollingUpdate
MinReadySeconds:  0
RollingUpdateStrategy:  25% max unavailable, 25% max surge
Pod Template:
  ${template('v1')}
Conditions:
  Type  Status  Reason
  ---  ---  ---
  Available  True  MinimumReplicasAvailable
  Progressing  True  NewReplicaSetAvailable
OldReplicaSets:  <none>
NewReplicaSet:  web-<hash> (2/2 replicas created)
Events:
  Type  Reason  Age  From  Message
  ---  ---  ---  ---  ---
  Normal  ScalingReplicaSet  <age>  deployment-controller  Scaled up replica set web-<hash> from 0 to 2`;

export const events = `<age>  Normal  ScalingReplicaSet  Deployment/web  Scaled up replica set web-<hash> from 0 to 2`;

export const historyOfRevision = `deployment.apps/web with revision #4
Pod Template:
  ${template('v5', 'pod-template-hash=<hash>')}`;

export const describeService = `Name:  web
Namespace:  kx
Labels:  <none>
Annotations:  <none>
Selector:  app=web
Type:  ClusterIP
IP Family Policy:  SingleStack
IP Families:  IPv4
IP:  <ip>
IPs:  <ip>
Port:  http  80/TCP
TargetPort:  http/TCP
Endpoints:  <ip>,<ip>
Session Affinity:  None
Internal Traffic Policy:  Cluster
Events:  <none>`;

export const describePod = `Name:  web-<hash>-<id>
Namespace:  kx
Priority:  0
Service Account:  default
Node:  <node>/<ip>
Start Time:  <time>
Labels:  app=web
  pod-template-hash=<hash>
Annotations:  <none>
Status:  Running
IP:  <ip>
IPs:
  IP:  <ip>
Controlled By:  ReplicaSet/web-<hash>
Containers:
  app:
  Container ID:  <container>
  Image:  local.test/app:1
  Image ID:  <image>
  Port:  8080/TCP (http)
  Host Port:  0/TCP (http)
  State:  Running
  Started:  <time>
  Ready:  True
  Restart Count:  0
  Readiness:  http-get http://:8080/healthz delay=<age> timeout=<age> period=<age> #success=1 #failure=3
  Environment:
  VERSION:  v4
  Mounts:
  /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-<id> (ro)
Conditions:
  Type  Status
  PodReadyToStartContainers  True
  Initialized  True
  Ready  True
  ContainersReady  True
  PodScheduled  True
Volumes:
  kube-api-access-<id>:
  Type:  Projected (a volume that contains injected data from multiple sources)
  TokenExpirationSeconds:  3607
  ConfigMapName:  kube-root-ca.crt
  Optional:  false
  DownwardAPI:  true
QoS Class:  BestEffort
Node-Selectors:  <none>
Tolerations:  node.kubernetes.io/not-ready:NoExecute op=Exists for <age>
  node.kubernetes.io/unreachable:NoExecute op=Exists for <age>
Events:
  Type  Reason  Age  From  Message
  ---  ---  ---  ---  ---
  Normal  Scheduled  <age>  default-scheduler  Successfully assigned kx/web-<hash>-<id> to <node>
  Normal  Pulled  <age>  kubelet  spec.containers{app}: Container image "local.test/app:1" already present on machine and can be accessed by the pod
  Normal  Created  <age>  kubelet  spec.containers{app}: Container created
  Normal  Started  <age>  kubelet  spec.containers{app}: Container started`;

export const explainStrategy = `GROUP:  apps
KIND:  Deployment
VERSION:  v1

FIELD: strategy <DeploymentStrategy>


DESCRIPTION:
  The deployment strategy to use to replace existing pods with new ones.
  DeploymentStrategy describes how to replace existing pods with new ones.

FIELDS:
  rollingUpdate  <RollingUpdateDeployment>
  Rolling update config params. Present only if DeploymentStrategyType =
  RollingUpdate.

  type  <string>
  enum: Recreate, RollingUpdate
  Type of deployment. Can be "Recreate" or "RollingUpdate". Default is
  RollingUpdate.

  Possible enum values:
  - \`"Recreate"\` Kill all existing pods before creating new ones.
  - \`"RollingUpdate"\` Replace the old ReplicaSets by new one using rolling
  update i.e gradually scale down the old ReplicaSets and scale up the new
  one.`;

export const explainGrace = `KIND:  Pod
VERSION:  v1

FIELD: terminationGracePeriodSeconds <integer>


DESCRIPTION:
  Optional duration in seconds the pod needs to terminate gracefully. May be
  decreased in delete request. Value must be non-negative integer. The value
  zero indicates stop immediately via the kill signal (no opportunity to shut
  down). If this value is nil, the default grace period will be used instead.
  The grace period is the duration in seconds after the processes running in
  the pod are sent a termination signal and the time when the processes are
  forcibly halted with a kill signal. Set this value longer than the expected
  cleanup time for your process. Defaults to 30 seconds.`;

export const deploymentYaml = `apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
  deployment.kubernetes.io/revision: "3"
  kubectl.kubernetes.io/last-applied-configuration: |
  {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"web"},"name":"web","namespace":"kx"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"env":[{"name":"VERSION","value":"v2"}],"image":"local.test/app:1","imagePullPolicy":"Never","name":"app","ports":[{"containerPort":8080,"name":"http"}],"readinessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":1}}],"terminationGracePeriodSeconds":5}}}}
  creationTimestamp: "<time>"
  generation: 4
  labels:
  app: web
  name: web
  namespace: kx
  resourceVersion: <rv>
  uid: <uid>
spec:
  progressDeadlineSeconds: 600
  replicas: 2
  revisionHistoryLimit: 10
  selector:
  matchLabels:
  app: web
  strategy:
  rollingUpdate:
  maxSurge: 25%
  maxUnavailable: 25%
  type: RollingUpdate
  template:
  metadata:
  labels:
  app: web
  spec:
  containers:
  - env:
  - name: VERSION
  value: v4
  image: local.test/app:1
  imagePullPolicy: Never
  name: app
  ports:
  - containerPort: 8080
  name: http
  protocol: TCP
  readinessProbe:
  failureThreshold: 3
  httpGet:
  path: /healthz
  port: 8080
  scheme: HTTP
  periodSeconds: 1
  successThreshold: 1
  timeoutSeconds: 1
  resources: {}
  terminationMessagePath: /dev/termination-log
  terminationMessagePolicy: File
  dnsPolicy: ClusterFirst
  restartPolicy: Always
  schedulerName: default-scheduler
  securityContext: {}
  terminationGracePeriodSeconds: 5
status:
  availableReplicas: 2
  conditions:
  - lastTransitionTime: "<time>"
  lastUpdateTime: "<time>"
  message: Deployment has minimum availability.
  reason: MinimumReplicasAvailable
  status: "True"
  type: Available
  - lastTransitionTime: "<time>"
  lastUpdateTime: "<time>"
  message: ReplicaSet "web-<hash>" has successfully progressed.
  reason: NewReplicaSetAvailable
  status: "True"
  type: Progressing
  observedGeneration: 4
  readyReplicas: 2
  replicas: 2
  terminatingReplicas: 0
  updatedReplicas: 2`;
