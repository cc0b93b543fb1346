"""Pages of SQL results as Arrow arrays: column by column from the page's bytes."""
