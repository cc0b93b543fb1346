"""``hz sql``: statements, the interactive shell, exports."""
