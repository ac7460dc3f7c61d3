"""Accounts: sign-up, sign-in, profile."""
