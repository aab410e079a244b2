"""Money: what parties owe, and the periods in which the books are closed."""
