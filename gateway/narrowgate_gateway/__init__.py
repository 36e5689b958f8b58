"""The way in: listeners, configuration, assembly and the command line."""
