"""Charts as pictures: their data (`picture.py`), and drawing it in a short process of its own: `python -m charts`."""
