"""spark-submit entry: the catalog job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("catalog")
