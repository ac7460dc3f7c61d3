"""Measures the real server on this machine, beside the least that any server has to do."""
