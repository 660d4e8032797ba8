"""Stand-alone programs that are copied next to exported files; they import neither ganzoo nor TensorFlow."""
