"""Questions: metrics, funnels, retention, heatmaps, friction and feedback."""
