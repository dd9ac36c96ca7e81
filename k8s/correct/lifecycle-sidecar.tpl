        # For apps that cannot drain themselves, and for the flight record. For another app set WATCH and its ports in env
        # (services/lifecycle-sidecar/config.ts).
        - name: lifecycle
          image: {{ .sidecarImage | quote }}
{{- if eq .sidecar "native" }}
          # This makes it a native sidecar (Kubernetes 1.29): it starts first, and gets SIGTERM after the app is gone.
          restartPolicy: Always
{{- end }}
          ports:
            - name: lifecycle
              containerPort: 9091
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
{{- if hasKey . "preStopToken" }}
            # Who sends it may drain this pod.
            - name: PRE_STOP_TOKEN
              value: {{ .preStopToken | quote }}
{{- end }}
{{- if eq .sidecar "classic" }}
            # It gets SIGTERM together with the app's hook and stays; below the grace period, so that the record is complete.
            - name: GRACE_MS
              value: "40000"
{{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
          resources:
            requests:
              cpu: 10m
              memory: 64Mi
            limits:
              memory: 128Mi
              ephemeral-storage: 16Mi
          # Not /health/ready: a native sidecar starts before the app, and the app waits for this probe.
          startupProbe:
            httpGet:
              path: /health/live
              port: 9091
            periodSeconds: 1
            failureThreshold: 60
          # The pod is ready when the app is; and no more once the hook has begun.
          readinessProbe:
            httpGet:
              path: /health/ready
              port: 9091
            periodSeconds: 1
            timeoutSeconds: 2
