"""Words in a person's own language: gettext catalogues and the strings that go into them."""
