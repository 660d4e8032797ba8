"""Tools around the optimizers: weight clipping, exponential moving averages, learning-rate schedules."""
