"""Draws pictures as SVG, and those as PNG; loaded by the short process `python -m charts` alone."""
