"""The engine's Python face: commands in, reports out."""
