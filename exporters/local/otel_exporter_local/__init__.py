"""The destination ``local``: a SQLite file on this machine, see ``docs/reference/local-store.md``."""

from otel_exporter_local.exporter import LocalDestination

__all__ = ["LocalDestination"]
