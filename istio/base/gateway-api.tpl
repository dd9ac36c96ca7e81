# istiod makes the proxies of such a Gateway, and their Service.
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: {{ .app | quote }}
spec:
  gatewayClassName: istio
  listeners:
    - name: http
      port: 80
      protocol: HTTP
---
# For the pods' own proxies: of all Services of a pod the oldest one's rule
# counts there, which is the app's.
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: {{ .app | quote }}
spec:
  host: {{ .app | quote }}
  trafficPolicy:
    connectionPool:
      http:
        # Below the service's KEEP_ALIVE_TIMEOUT_MS (72 s): the caller must be the one who closes an idle
        # connection. Envoy's own default is an hour.
        idleTimeout: 60s
---
