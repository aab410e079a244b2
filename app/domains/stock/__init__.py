"""What lies where: warehouses, safety stock and adjustments."""

# Its models never go without their rules: whoever imports the former has the latter.
from app.domains.stock import queries as queries
from app.domains.stock import services as services
