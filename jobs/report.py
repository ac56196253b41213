"""spark-submit entry: the report job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("report")
