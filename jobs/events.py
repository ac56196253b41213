"""spark-submit entry: the events job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("events")
