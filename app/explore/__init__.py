"""The parts of the page Explore, from the whole data set down to one clip."""
