"""What we sell: products with their categories, units and brands."""
