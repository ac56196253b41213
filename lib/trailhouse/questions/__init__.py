"""Questions: metrics, funnels, retention, heatmaps, pages, forms, media, tasks and feedback."""
