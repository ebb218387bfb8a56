"""One module per venue: what differs from the generic equation, since when, and who says so."""
