{{/*
What every object of the release carries. The tenant's label is never in a selector: what selectors say cannot be changed.
*/}}
{{- define "labels" -}}
app: {{ .name }}
app.kubernetes.io/component: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/name: mechanicbuddy
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
tenant: {{ .root.Values.tenant.id | quote }}
{{- end }}

{{/*
One deployment of a component: `of` has the name, the tag, the replicas, and what it is selected by.
*/}}
{{- define "deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .of.name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "labels" . | nindent 4 }}
    app.kubernetes.io/version: {{ .of.tag | quote }}
  {{- with .root.Values.revision }}
  annotations:
    mechanicbuddy.example/revision: {{ . | quote }}
  {{- end }}
spec:
  replicas: {{ .of.replicas }}
  progressDeadlineSeconds: {{ .values.deadlineSeconds }}
  revisionHistoryLimit: 2
  selector:
    matchLabels: {{ toJson .of.selector }}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  template:
    metadata:
      labels:
        {{- range $name, $value := .of.selector }}
        {{ $name }}: {{ $value }}
        {{- end }}
        app.kubernetes.io/component: {{ .name }}
        app.kubernetes.io/instance: {{ .root.Release.Name }}
        app.kubernetes.io/name: mechanicbuddy
        tenant: {{ .root.Values.tenant.id | quote }}
      annotations:
        # What pods are told they read when they start: another configuration is for other pods.
        checksum/config: {{ .config | toJson | sha256sum }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        seccompProfile: { type: RuntimeDefault }
      {{- if .migrates }}
      initContainers:
        # Migrations wait for each other: two replicas that start at once do no harm.
        - name: migrate
          args: [migrate]
          {{- include "container" . | nindent 10 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          {{- include "container" . | nindent 10 }}
          ports:
            - { name: http, containerPort: {{ .port }}, protocol: TCP }
          readinessProbe:
            httpGet: { path: {{ .health }}, port: http }
            periodSeconds: 5
            timeoutSeconds: 3
          livenessProbe:
            httpGet: { path: {{ .health }}, port: http }
            initialDelaySeconds: 30
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 6
      volumes:
        - name: tmp
          emptyDir: { sizeLimit: 64Mi }
{{- end }}

{{/*
What the containers of a pod have in common: the first of the API's pod migrates, so it is told what the API is told.
*/}}
{{- define "container" -}}
image: {{ .root.Values.image.registry }}/{{ .name }}:{{ .of.tag }}
envFrom:
  - configMapRef: { name: {{ .name }}-config }
  {{- if .migrates }}
  - secretRef: { name: {{ .root.Values.owner.secret }} }
env:
  - name: DATABASE_URL
    valueFrom:
      secretKeyRef: { name: {{ .root.Values.database.secret }}, key: uri }
  {{- end }}
resources: {{ toJson .values.resources }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
volumeMounts:
  - { name: tmp, mountPath: /tmp }
{{- end }}

{{/*
A component: its configuration, its deployments, the services that lead to them, and how many of its pods may be away at once.
*/}}
{{- define "component" -}}
{{- $root := .root }}
{{- $values := .values }}
{{- $name := .name }}
{{- $slot := $root.Values.slot }}
{{- $of := dict "blue" $name "green" (printf "%s-green" $name) }}
{{- $selectors := dict }}
{{- range $colour := list "blue" "green" }}
{{- $_ := set $selectors $colour (dict "app" $name "slot" $colour "track" "stable") }}
{{- end }}
{{- $canary := dict "app" $name "track" "canary" }}
{{- $other := ternary "green" "blue" (eq $slot "blue") }}
{{- $deployments := list (dict "name" (get $of $slot) "tag" $root.Values.image.tag "replicas" $values.replicas "selector" (get $selectors $slot)) }}
{{- with $root.Values.other.tag }}
{{- $deployments = append $deployments (dict "name" (get $of $other) "tag" . "replicas" $values.replicas "selector" (get $selectors $other)) }}
{{- end }}
{{- with $root.Values.canary.tag }}
{{- $deployments = append $deployments (dict "name" (printf "%s-canary" $name) "tag" . "replicas" (min 1 $values.replicas) "selector" $canary) }}
{{- end }}
{{- $services := list (dict "name" $name "selector" (get $selectors $slot)) }}
{{- if $root.Values.canary.tag }}
{{- $services = append $services (dict "name" (printf "%s-canary" $name) "selector" $canary) }}
{{- end -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}-config
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "labels" . | nindent 4 }}
data:
  {{- range $key, $value := .config }}
  {{ $key }}: {{ toJson $value }}
  {{- end }}
{{- range $deployments }}
---
{{ include "deployment" (set (omit $ "of") "of" .) }}
{{- if gt (int .replicas) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "labels" $ | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{ toJson .selector }}
{{- end }}
{{- end }}
{{- range $services }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "labels" $ | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{ toJson .selector }}
  ports:
    - { name: http, port: {{ $.port }}, targetPort: http, protocol: TCP }
{{- end }}
{{- end }}
