"""One page each: pick, call core, draw. Larger parts stand beside their page."""
