"""Arithmetic on boxes and finds: numpy only, no files."""
