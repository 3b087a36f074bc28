{{/* The parent finds the database as RELEASE-db. */}}
{{- define "db.fullname" -}}
{{- printf "%s-db" .Release.Name }}
{{- end }}

{{- define "db.labels" -}}
app.kubernetes.io/name: db
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
