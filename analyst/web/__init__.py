"""The analyst's pages as people reach them: logins, forms, headers, and who may open what."""
