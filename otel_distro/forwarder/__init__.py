"""The forwarder: what the leader of a spool directory does with what lies in it."""
