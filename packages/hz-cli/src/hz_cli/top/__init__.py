"""``hz top``: the cluster as it is now, again and again."""
