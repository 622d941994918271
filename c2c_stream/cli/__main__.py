"""`python -m c2c_stream.cli` is `c2c`."""

from c2c_stream.cli import main

main()
