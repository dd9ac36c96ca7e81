# The route of a rolling update: every ready pod of the Service, whatever its version.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ .app | quote }}
spec:
  parentRefs:
    - group: gateway.networking.k8s.io
      kind: Gateway
      name: {{ .app | quote }}
    # Callers in the mesh, by the Service's name.
    - group: ""
      kind: Service
      name: {{ .app | quote }}
      port: 8080
{{- /* Gateway API's names of hosts are no addresses: with one among the hosts, every host is led here. */}}
{{- if not (regexMatch "(^|,)[0-9.]+(,|$)" (toString .hosts)) }}
  hostnames:
{{- range splitList "," (toString .hosts) }}
    - {{ . | quote }}
{{- end }}
{{- end }}
  rules:
    - name: every-version
      matches:
        - path:
            type: PathPrefix
            value: /
{{- if hasKey . "retries" }}
      # A field of Gateway API's experimental channel: without it the API server refuses the route.
      retry:
        attempts: {{ .retries }}
{{- end }}
      backendRefs:
        - group: ""
          kind: Service
          name: {{ .app | quote }}
          port: 8080
          weight: 1
---
