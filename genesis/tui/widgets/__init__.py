"""Line-API widgets: they repaint the rows that changed and nothing else."""
