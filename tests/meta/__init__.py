"""Tests over the registry: what holds for every entity, and fails by its name."""
