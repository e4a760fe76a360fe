"""The main job, played on the running machine through the interfaces its users have."""
