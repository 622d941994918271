"""A schema registry with Confluent's interface. Imported only where one is set."""
