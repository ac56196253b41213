"""Identity: links, components, constraints, persons."""
