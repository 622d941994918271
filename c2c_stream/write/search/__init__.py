"""Write inputs without a model: types from evidence, runs with probes, mutation, selection.

Runs inside a sandbox child, so it imports the standard library and c2c_stream.code only.
"""
