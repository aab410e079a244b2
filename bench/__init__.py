"""What Kehu costs at 100,000 rows, on both databases, each figure beside the raw limit measured in the same run."""
