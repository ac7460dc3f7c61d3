"""Rooms with the real engine: what is decided reaches the streams, and what happens there comes back."""
