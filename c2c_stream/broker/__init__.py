"""The protocol of a broker and its implementations."""
