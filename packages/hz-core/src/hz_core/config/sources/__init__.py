"""Where options come from besides Python: YAML and XML files, environment variables, a URL.

Files and environment variables become trees (``tree``) of the same keys, which ``keys`` declares for each option; trees
are merged, then read (``reading``).
"""
