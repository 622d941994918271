"""The Avro schemas: the contract between services and with the outside."""
