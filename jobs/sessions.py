"""spark-submit entry: the sessions job."""

from trailhouse.job import main

if __name__ == "__main__":
    main("sessions")
