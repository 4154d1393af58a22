"""ERPNext, as far as a site is concerned: see the schema of the stand-in."""

__version__ = "15.38.0"
