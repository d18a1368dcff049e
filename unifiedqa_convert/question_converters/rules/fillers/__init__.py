"""What fills a clause's gap: the answer as an object, a place, a time, a reason or a manner."""
