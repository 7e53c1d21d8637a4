"""Charts of released tables: Vega-Lite made by Altair, drawn on the server without any network."""
