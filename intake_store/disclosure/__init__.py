"""Disclosure control: what is withheld or perturbed so that no table tells about a person."""
