"""Reading back what was recorded: the interface of readers, and the reader of the local store."""
