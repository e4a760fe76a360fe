"""Benchmarks: figures printed beside a bare way of doing the same, never asserted."""
