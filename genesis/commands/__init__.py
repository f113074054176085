"""The commands beside ``run``: options to one function each, one module a command."""
