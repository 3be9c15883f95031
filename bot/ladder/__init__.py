"""The rungs of one turn's decision: each looks at the turn and decides, or declines. Pure."""
