"""The API with which programs read releases, released tables and the codebook."""
