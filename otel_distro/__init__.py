"""OpenTelemetry for programs that run algorithms."""
