"""What sedpipe writes as JSON and reads back: one model a record, read and written in one place."""
