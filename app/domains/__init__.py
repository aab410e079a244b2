"""The business, domain by domain; each knows only those below it (see the layers in pyproject.toml)."""
