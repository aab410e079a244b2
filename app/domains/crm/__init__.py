"""Whom we sell to: customers, their contacts, and who shares them."""
