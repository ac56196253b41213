"""spark-submit entry: the identities job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("identities")
