{{- define "shop.image" -}}
{{- with .Values.global.imageRegistry }}{{ . }}/{{ end -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The environment that web, worker and migrations share. */}}
{{- define "shop.envFrom" -}}
envFrom:
- configMapRef:
    name: {{ include "shop.fullname" . }}-config
- secretRef:
    name: {{ include "shop.databaseSecret" . }}
{{- end }}

{{/* Pods restart when what they read at their start changes. */}}
{{- define "shop.checksums" -}}
checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
{{- end }}
