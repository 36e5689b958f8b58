"""What the radio modules of Jooby have in common, read in the maker's documents of the analog protocol."""
