{{- define "headwater.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "headwater.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "headwater.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "headwater.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "headwater.selectorLabels" -}}
app.kubernetes.io/name: {{ include "headwater.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "headwater.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "headwater.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "headwater.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "headwater.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "headwater.image" -}}
{{- $name := .Values.image.repository -}}
{{- with .Values.image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "headwater.keySecret" -}}
{{- if .Values.apiKey.existingSecret -}}
{{- .Values.apiKey.existingSecret -}}
{{- else if .Values.apiKey.value -}}
{{- include "headwater.fullname" . -}}
{{- else -}}
{{- fail "set apiKey.existingSecret (a Secret of yours) or apiKey.value: a server that listens to the cluster needs an API key" -}}
{{- end -}}
{{- end -}}

{{- /* What the chart decides, then what the user adds: the user wins. */ -}}
{{- define "headwater.config" -}}
{{- $own := dict
  "store" "sqlite:////var/lib/headwater/headwater.db"
  "slos" "/etc/headwater/slos"
  "host" "0.0.0.0"
  "port" 5000
-}}
{{- with .Values.publicUrl }}{{ $_ := set $own "public_url" . }}{{ end -}}
{{- with .Values.roles }}{{ $_ := set $own "roles" . }}{{ end -}}
{{- with .Values.ledger.url }}{{ $_ := set $own "ledger" . }}{{ end -}}
{{- if .Values.neo4j.url -}}
{{- if not .Values.ledger.url -}}
{{- fail "set ledger.url, as s3://bucket/folder: Neo4j keeps the graph alone" -}}
{{- end -}}
{{- $_ := set $own "store" .Values.neo4j.url -}}
{{- $_ := set $own "neo4j" (dict "user" .Values.neo4j.user) -}}
{{- else if gt (int .Values.replicas) 1 -}}
{{- fail "replicas: SQLite lives on one volume of one pod; set neo4j.url and ledger.url for more" -}}
{{- end -}}
{{- toYaml (mergeOverwrite $own (deepCopy .Values.config)) -}}
{{- end -}}
