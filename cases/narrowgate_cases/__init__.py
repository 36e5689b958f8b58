"""Who is told: the desk's cases, opened and closed by findings."""
