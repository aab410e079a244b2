"""Analyses and the home page: each a query, shown as a card or a table."""
