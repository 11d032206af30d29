"""Recipes, fitting, measuring, tracking and promoting; stands on `stance`, knows no serving."""
