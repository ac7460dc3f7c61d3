"""The machine and its services behind the ports: databases, files, clock, chance."""
