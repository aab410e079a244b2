"""What lies where: warehouses, safety stock and adjustments."""
