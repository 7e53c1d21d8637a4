"""Charts of released tables: laid out as Vega-Lite, drawn on the server without any network."""
