/** The Deployment of the recorded commands. */
export const web = ({
  namespace = 'kx',
  replicas = 2,
  version = 'v1',
  extra = '',
}: {
  namespace?: string;
  replicas?: number;
  version?: string;
  extra?: string;
} = {}): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: ${namespace}
  labels: { app: web }
spec:${extra}
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: app
          image: local.test/app:1
          imagePullPolicy: Never
          env: [{ name: VERSION, value: ${version} }]
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 1 }
`;

export const service = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: kx }
spec:
  ports: [{ name: http, port: 80, targetPort: http }]
  selector: { app: web }
`;

export const configMap = (data: string, finalizer = false): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: held, namespace: kx${finalizer ? ', finalizers: [example.com/hold]' : ''} }
data: { a: "${data}" }
`;
