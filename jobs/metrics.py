"""spark-submit entry: the metrics job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("metrics")
