"""The Compact format: records whose schema is known to the cluster by a fingerprint."""
