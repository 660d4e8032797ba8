"""Benchmark pages: Markdown templates whose tables and numbers come from the records in `benchmarks/results`.

No module here imports TensorFlow; `plots.py` alone needs Matplotlib.
"""
