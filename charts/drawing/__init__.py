"""Draws pictures as SVG, and renders them as PNG; loaded only by the process `python -m charts`."""
