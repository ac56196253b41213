"""spark-submit entry: the activity job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("activity")
