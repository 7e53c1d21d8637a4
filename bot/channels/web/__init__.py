"""The web page and its turn API: state travels with the client, nothing is kept here."""
