"""Import and export: files on one side, entities on the other."""
