"""Who works here: departments, employees, holidays and leaves."""

# Its models never go without their rules: whoever imports the former has the latter.
from app.domains.people import services as services
