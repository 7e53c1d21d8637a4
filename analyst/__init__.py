"""The analyst's place: released tables to look at, compare and export, and the people who may."""
