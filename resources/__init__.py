"""Data files: models, icons, themes, help pages. No code lives here; read through importlib.resources."""
