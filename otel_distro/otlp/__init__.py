"""OTLP: encoding the SDK's records (``encoder``), joining requests (``request``), reading records back (``decode``).

The modules are imported one by one, since only ``decode`` loads protobuf.
"""
