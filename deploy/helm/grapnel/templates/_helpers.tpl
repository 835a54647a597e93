{{- define "grapnel.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "grapnel.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "grapnel.labels" -}}
{{ include "grapnel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "grapnel.secretVariable" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .from.name }}
      key: {{ .from.key }}
{{- end -}}

{{- define "grapnel.ingressHost" -}}
ingressClassName: {{ .Values.ingress.className }}
tls:
  - hosts:
      - {{ .Values.ingress.host | quote }}
    secretName: {{ .Values.ingress.tlsSecret }}
rules:
  - host: {{ .Values.ingress.host | quote }}
    http:
      paths:
{{- end -}}

{{- define "grapnel.pod" -}}
metadata:
  labels:
    {{- include "grapnel.labels" . | nindent 4 }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  # Those of a service called grapnel would look like settings.
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationGracePeriodSeconds: {{ add .Values.shutdownGraceSeconds 20 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1654
    runAsGroup: 1654
    fsGroup: 1654
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: grapnel
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      ports:
        - name: http
          containerPort: 8000
      env:
        - name: GRAPNEL_NODE__NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: GRAPNEL_DELIVERY__SHUTDOWN_GRACE
          value: "{{ .Values.shutdownGraceSeconds }}s"
        {{- if eq .Values.store "postgres" }}
        - name: GRAPNEL_STORE
          value: postgres
        {{- include "grapnel.secretVariable" (dict "variable" "GRAPNEL_POSTGRES__CONNECTION_STRING" "from" .Values.secrets.postgres) | nindent 8 }}
        {{- end }}
        {{- if eq .Values.queue "redis" }}
        - name: GRAPNEL_QUEUE
          value: redis
        {{- include "grapnel.secretVariable" (dict "variable" "GRAPNEL_REDIS__CONNECTION_STRING" "from" .Values.secrets.redis) | nindent 8 }}
        {{- end }}
        {{- if .Values.secrets.apiKey.name }}
        {{- include "grapnel.secretVariable" (dict "variable" "GRAPNEL_API_KEY" "from" .Values.secrets.apiKey) | nindent 8 }}
        {{- end }}
        {{- if .Values.secrets.adminName.name }}
        {{- include "grapnel.secretVariable" (dict "variable" "GRAPNEL_CONSOLE__ADMIN_NAME" "from" .Values.secrets.adminName) | nindent 8 }}
        {{- include "grapnel.secretVariable" (dict "variable" "GRAPNEL_CONSOLE__ADMIN_PASSWORD" "from" .Values.secrets.adminPassword) | nindent 8 }}
        {{- end }}
        {{- with .Values.publicUrl }}
        - name: GRAPNEL_API__PUBLIC_URL
          value: {{ . | quote }}
        {{- end }}
        {{- with .Values.trustedNetworks }}
        - name: GRAPNEL_PROXY__TRUSTED_NETWORKS
          value: {{ join "," . | quote }}
        {{- end }}
        {{- if .Values.serviceMonitor.enabled }}
        - name: GRAPNEL_TELEMETRY__PROMETHEUS
          value: "true"
        {{- with .Values.serviceMonitor.networks }}
        - name: GRAPNEL_TELEMETRY__PROMETHEUS_NETWORKS
          value: {{ join "," . | quote }}
        {{- end }}
        {{- end }}
        {{- /* Numbers of a values file are floating-point ones, and a million would be 1e+06. */}}
        {{- range $name, $value := .Values.settings }}
        - name: {{ $name }}
          value: {{ if kindIs "float64" $value }}{{ $value | toJson | quote }}{{ else }}{{ $value | quote }}{{ end }}
        {{- end }}
      # The process is started anew only when it no longer answers at all. A database that is away is no reason for that: it would come back to empty nodes.
      livenessProbe:
        httpGet: { path: /health/live, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /health/ready, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      # A new version may have to change the tables first.
      startupProbe:
        httpGet: { path: /health/live, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 120
      # The pod stops taking requests when it is told to end, and the service hears of that a moment later. The image has no shell to wait with, so the node is asked.
      lifecycle:
        preStop:
          sleep:
            seconds: 5
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /data
  {{- if ne .Values.store "sqlite" }}
  volumes:
    - name: data
      emptyDir:
        sizeLimit: 16Mi
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.affinity }}
  affinity:
    {{- toYaml .Values.affinity | nindent 4 }}
  {{- else }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "grapnel.selector" . | nindent 10 }}
  {{- end }}
{{- end -}}
