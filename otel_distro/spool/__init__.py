"""The spool: append-only segments on disk, between the program and whoever forwards."""
