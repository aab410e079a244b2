"""Rules of the catalog: how its codes begin."""

from app.core.numbering import PREFIXES

PREFIXES["products"] = "P"
