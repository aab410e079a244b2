"""What we sell: products with their categories, units and brands."""

# Its models never go without their rules: whoever imports the former has the latter.
from app.domains.catalog import services as services
