"""What has to do with Apache Arrow, pandas and Polars: extras, imported when they are used first."""
