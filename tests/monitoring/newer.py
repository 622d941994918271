"""The next version of a service: one that knows a schema more. `newer.py SCHEMAS serve STAGE`."""

import sys
from pathlib import Path

from c2c_stream import avro
from c2c_stream.cli import main

if __name__ == "__main__":
    avro.SCHEMAS = Path(sys.argv.pop(1))
    main()
