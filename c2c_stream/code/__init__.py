"""What knows Python source: parse, scope, slice, normalise, literals, coverage probes."""
