"""Turn real Python repositories into executed training and test data for code models.

Read the package in the order data flows: ingest, collect, curate, write, execute, format, sink.
"""

from importlib.metadata import version

__version__ = version("c2c-stream")
