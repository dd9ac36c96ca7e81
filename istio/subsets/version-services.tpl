# What exists. A Service per version: an HTTPRoute names Services and no subsets.
{{- range $version := splitList "," (toString .subsets) }}
apiVersion: v1
kind: Service
metadata:
  name: {{ print $.app "-" (regexReplaceAll "[^a-z0-9-]" (lower $version) "-") | quote }}
  labels:
    app: {{ $.app | quote }}
    version: {{ $version | quote }}
spec:
  selector:
    app: {{ $.app | quote }}
    version: {{ $version | quote }}
  ports:
    - name: http
      port: 8080
      targetPort: http
---
{{- end }}
