"""What the benchmark scripts share: records, the exact chain, and the code that they are compared with."""
