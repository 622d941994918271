"""Turn real Python repositories into executed training and test data for code models.

Read the package in the order data flows: ingest, collect, curate, write, execute, format, sink.
"""

__version__ = "0.1.0"
