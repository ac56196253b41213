"""What a row alone tells beyond what was sent: page parts, campaign, device, channel, bots, privacy."""
