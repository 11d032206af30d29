"""Article text in, quotes with their speakers out: no model, no parser, linear time."""

from stance.quotes.extract import extract_quotes

__all__ = ["extract_quotes"]
