"""Rows in files: CSV, JSON, JSON lines, Parquet."""
