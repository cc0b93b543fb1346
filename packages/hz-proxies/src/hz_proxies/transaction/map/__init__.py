"""Maps as part of a transaction."""
