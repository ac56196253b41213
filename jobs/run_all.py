"""spark-submit entry: the whole suite."""

from trailhouse.job import main

if __name__ == "__main__":
    main("run_all")
