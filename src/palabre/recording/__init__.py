"""Recordings: open segment → finished file → blob → voice message. Every part is safe to repeat."""
