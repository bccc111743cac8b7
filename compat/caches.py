"""The user's own place for what is remembered from one time to the next."""

import os


def folder() -> str:
    """``COMPAT_CACHE``, or the place that the system has for caches."""
    named = os.environ.get("COMPAT_CACHE")
    if named:
        return named
    import platformdirs

    return platformdirs.user_cache_dir("compat", appauthor=False)
