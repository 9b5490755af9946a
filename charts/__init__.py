"""Charts as pictures: their data (`picture.py`), and drawing them in a short-lived process: `python -m charts`."""
