"""The way into an empty company: four steps, or the demo company to look around in, and from there to start for real."""
