"""Records that sedpipe writes as JSON and reads back: one model for each, read and written in one place."""
