"""The side of the store that may be imported by whoever collects responses: it seals and submits, and opens nothing."""
