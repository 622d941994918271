"""What manifests, rules and dashboards take from the code is written by `python -m generate`.

The output is committed; tests/k8s and tests/monitoring see that writing it again changes nothing.
"""
