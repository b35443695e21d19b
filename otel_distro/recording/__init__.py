"""Recording: from OpenTelemetry's providers through the encoder into the spool."""
