"""Django's cache and sessions in a cluster: ``hz_frameworks.django.cache``, ``hz_frameworks.django.sessions``."""
