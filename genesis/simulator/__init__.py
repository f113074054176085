"""A venue and a market made of pure code: no sockets, no clock, no threads."""
