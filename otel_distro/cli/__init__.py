"""The command line ``otel-distro``. Every command is a module; ``main`` lists them."""
