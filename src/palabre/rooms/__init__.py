"""Live rooms: load → decide → store → publish → effects."""
