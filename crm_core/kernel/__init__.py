"""What every other package stands on: identifiers, time, database, events, jobs, errors, logs."""
