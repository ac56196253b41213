"""spark-submit entry: the profiles job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("profiles")
