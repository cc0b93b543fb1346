"""A pytest plugin: Hypothesis tries few examples."""

from hypothesis import settings

settings.register_profile("few", deadline=None, max_examples=10)
settings.load_profile("few")
