"""``hz bench``: a quick load test."""
