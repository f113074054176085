"""Many runs with different settings, and what their best is worth. Starts no process."""
