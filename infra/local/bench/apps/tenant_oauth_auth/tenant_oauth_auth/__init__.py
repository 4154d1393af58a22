"""Tenant OAuth Auth, as far as a site is concerned: see the schema of the stand-in."""

__version__ = "1.2.0"
