"""Results of SQL statements, read page by page."""
