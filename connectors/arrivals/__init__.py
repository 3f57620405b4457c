"""Exports that arrive: watched folders and object stores, taken once they are complete.

The façade; import from here. A file connector asks `open_arrivals` for a local path and a
gate, and leaves every file that the gate does not let pass for the next run.
"""

from connectors.arrivals.config import ArrivalConfig, is_remote
from connectors.arrivals.gate import Gate
from connectors.arrivals.place import Place, open_arrivals

__all__ = ["ArrivalConfig", "Gate", "Place", "is_remote", "open_arrivals"]
