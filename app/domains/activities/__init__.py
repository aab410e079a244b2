"""What people do all week."""
