"""What people do all week."""

# Its models never go without their rules: whoever imports the former has the latter.
from app.domains.activities import along as along
from app.domains.activities import services as services
